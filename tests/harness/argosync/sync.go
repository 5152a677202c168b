package main

import (
	"fmt"
	"time"

	"github.com/argoproj/gitops-engine/pkg/sync"
	"github.com/argoproj/gitops-engine/pkg/sync/common"
	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// Argo CD looks at a running operation again when something of it changes.
	pause    = 200 * time.Millisecond
	patience = 3 * time.Minute
)

// operation is how far a sync got.
type operation struct {
	Phase   common.OperationPhase `json:"phase"`
	Message string                `json:"message"`
	Results []outcome             `json:"results"`

	started metav1.Time
	results []common.ResourceSyncResult
}

// outcome is what a sync did to an object.
type outcome struct {
	Kind    string `json:"kind"`
	Name    string `json:"name"`
	Status  string `json:"status"`
	Message string `json:"message"`
}

// sync goes on, wave by wave, until all is done or something fails; it waits for the health of what is
// in a wave only if another wave follows.
func (c *cluster) sync(app *application) (*operation, error) {
	running := &operation{Phase: common.OperationRunning, started: metav1.Now()}
	for {
		if err := c.step(app, running); err != nil {
			return nil, err
		}
		if running.Phase.Completed() {
			break
		}
		if time.Since(running.started.Time) > patience {
			return nil, fmt.Errorf("not synced after %s: %s", patience, running.Message)
		}
		time.Sleep(pause)
	}
	for _, each := range running.results {
		running.Results = append(running.Results, outcome{
			each.ResourceKey.Kind, each.ResourceKey.Name, string(each.Status), each.Message,
		})
	}
	return running, nil
}

func (c *cluster) step(app *application, running *operation) error {
	found, err := c.compare(app)
	if err != nil {
		return err
	}
	if app.RespectIgnoreDifferences {
		for index, target := range found.pairs.Target {
			live := found.pairs.Live[index]
			if target == nil || live == nil {
				continue
			}
			if err := app.respect(target, live); err != nil {
				return err
			}
		}
	}
	context, clean, err := sync.NewSyncContext(
		"", found.pairs, c.config, c.config, c.kubectl, app.Namespace, c.live.GetOpenAPISchema(),
		sync.WithInitialState(running.Phase, running.Message, running.results, running.started),
		sync.WithLogr(logr.Discard()),
		sync.WithHealthOverride(c.scripts),
		sync.WithPrune(app.Prune),
		sync.WithServerSideApply(app.ServerSideApply),
		sync.WithServerSideApplyManager(manager),
		sync.WithSkipDryRunOnMissingResource(true),
	)
	if err != nil {
		return err
	}
	defer clean()
	context.Sync()
	running.Phase, running.Message, running.results = context.GetState()
	return nil
}
