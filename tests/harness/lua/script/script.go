// Package script runs scripts as Argo CD does: in gopher-lua, with the base, package, table and os
// libraries alone and a global obj.
package script

import (
	lua "github.com/yuin/gopher-lua"
)

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

// Run says what a script returns for an object, which is of JSON's types and int64.
func Run(source string, object any) (any, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for _, each := range libraries {
		call := lua.P{Fn: state.NewFunction(each.open), NRet: 0, Protect: true}
		if err := state.CallByParam(call, lua.LString(each.name)); err != nil {
			return nil, err
		}
	}
	state.SetGlobal("obj", toLua(state, object))
	if err := state.DoString(source); err != nil {
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
	case int64:
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
