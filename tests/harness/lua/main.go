// Command lua runs scripts as Argo CD does: in gopher-lua, with the base, package, table
// and os libraries alone and a global obj. A JSON array of {script, object} on stdin, a JSON array of what
// the scripts return on stdout.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	lua "github.com/yuin/gopher-lua"
)

type task struct {
	Script string `json:"script"`
	Object any    `json:"object"`
}

// In this order: the package library makes what the others are entered into.
var libraries = []struct {
	name string
	open lua.LGFunction
}{
	{lua.LoadLibName, lua.OpenPackage},
	{lua.BaseLibName, lua.OpenBase},
	{lua.OsLibName, lua.OpenOs},
	{lua.TabLibName, lua.OpenTable},
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "lua:", err)
		os.Exit(1)
	}
}

func run() error {
	var tasks []task
	if err := json.NewDecoder(os.Stdin).Decode(&tasks); err != nil {
		return err
	}
	results := make([]any, 0, len(tasks))
	for _, each := range tasks {
		result, err := execute(each)
		if err != nil {
			return err
		}
		results = append(results, result)
	}
	return json.NewEncoder(os.Stdout).Encode(results)
}

func execute(each task) (any, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for _, each := range libraries {
		call := lua.P{Fn: state.NewFunction(each.open), NRet: 0, Protect: true}
		if err := state.CallByParam(call, lua.LString(each.name)); err != nil {
			return nil, err
		}
	}
	state.SetGlobal("obj", toLua(state, each.Object))
	if err := state.DoString(each.Script); err != nil {
		return nil, err
	}
	return toGo(state.Get(-1)), nil
}

func toLua(state *lua.LState, value any) lua.LValue {
	switch found := value.(type) {
	case map[string]any:
		table := state.NewTable()
		for key, each := range found {
			table.RawSetString(key, toLua(state, each))
		}
		return table
	case []any:
		table := state.NewTable()
		for _, each := range found {
			table.Append(toLua(state, each))
		}
		return table
	case string:
		return lua.LString(found)
	case float64:
		return lua.LNumber(found)
	case bool:
		return lua.LBool(found)
	default:
		return lua.LNil
	}
}

func toGo(value lua.LValue) any {
	switch found := value.(type) {
	case *lua.LTable:
		return tableToGo(found)
	case lua.LString:
		return string(found)
	case lua.LNumber:
		return float64(found)
	case lua.LBool:
		return bool(found)
	default:
		return nil
	}
}

// tableToGo makes an array of a table that has numbers for keys.
func tableToGo(table *lua.LTable) any {
	if length := table.Len(); length > 0 {
		items := make([]any, 0, length)
		for index := 1; index <= length; index++ {
			items = append(items, toGo(table.RawGetInt(index)))
		}
		return items
	}
	fields := map[string]any{}
	table.ForEach(func(key, each lua.LValue) { fields[key.String()] = toGo(each) })
	return fields
}
