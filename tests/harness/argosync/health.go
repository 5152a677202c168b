package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/argoproj/gitops-engine/pkg/health"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"rocketmq-operator/harness/lua/script"
)

// scripts are health.lua of kinds, by group/Kind.
type scripts map[string]string

func readScripts(directory string) (scripts, error) {
	paths, err := filepath.Glob(filepath.Join(directory, "*", "*", "health.lua"))
	if err != nil {
		return nil, err
	}
	found := scripts{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		kind, err := filepath.Rel(directory, filepath.Dir(path))
		if err != nil {
			return nil, err
		}
		found[filepath.ToSlash(kind)] = string(text)
	}
	return found, nil
}

// GetResourceHealth is nothing for kinds without a script, which the engine judges if it can.
func (s scripts) GetResourceHealth(object *unstructured.Unstructured) (*health.HealthStatus, error) {
	kind := object.GroupVersionKind()
	source, known := s[kind.Group+"/"+kind.Kind]
	if !known {
		return nil, nil
	}
	returned, err := script.Run(source, object.Object)
	if err != nil {
		return nil, err
	}
	fields, isTable := returned.(map[string]any)
	if !isTable {
		return nil, fmt.Errorf("health.lua of %s returned %v", kind.Kind, returned)
	}
	status, _ := fields["status"].(string)
	message, _ := fields["message"].(string)
	return &health.HealthStatus{Status: health.HealthStatusCode(status), Message: message}, nil
}
