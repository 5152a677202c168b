// Command kstatus says what the kstatus library, by which Helm and Flux wait, makes of objects: a
// JSON array on stdin, a JSON array of statuses on stdout.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	apijson "k8s.io/apimachinery/pkg/util/json"
)

type verdict struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "kstatus:", err)
		os.Exit(1)
	}
}

func run() error {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	var objects []any
	if err := apijson.Unmarshal(text, &objects); err != nil {
		return err
	}
	verdicts := make([]verdict, 0, len(objects))
	for _, object := range objects {
		fields, ok := object.(map[string]any)
		if !ok {
			return fmt.Errorf("not an object: %v", object)
		}
		found, err := status.Compute(&unstructured.Unstructured{Object: fields})
		if err != nil {
			return err
		}
		verdicts = append(verdicts, verdict{found.Status.String(), found.Message})
	}
	return json.NewEncoder(os.Stdout).Encode(verdicts)
}
