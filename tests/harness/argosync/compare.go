package main

import (
	"encoding/json"
	"fmt"

	"github.com/argoproj/gitops-engine/pkg/cache"
	"github.com/argoproj/gitops-engine/pkg/diff"
	"github.com/argoproj/gitops-engine/pkg/health"
	"github.com/argoproj/gitops-engine/pkg/sync"
	"github.com/argoproj/gitops-engine/pkg/utils/kube"
	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	synced    = "Synced"
	outOfSync = "OutOfSync"
)

// report is what Argo CD's pages show of an application.
type report struct {
	Sync      string     `json:"sync"`
	Health    string     `json:"health"`
	Resources []resource `json:"resources"`
	Tree      []node     `json:"tree"`
}

// resource is an object of the application, or one to prune.
type resource struct {
	Kind    string `json:"kind"`
	Name    string `json:"name"`
	Sync    string `json:"sync"`
	Health  string `json:"health"`
	Message string `json:"message"`
	// The live object and the one it would become, where they differ.
	Live      json.RawMessage `json:"live,omitempty"`
	Predicted json.RawMessage `json:"predicted,omitempty"`
}

// node is a live object that the application has, by itself or by its owners.
type node struct {
	Kind    string `json:"kind"`
	Name    string `json:"name"`
	Tracked bool   `json:"tracked"`
}

type comparison struct {
	pairs sync.ReconciliationResult
	diffs *diff.DiffResultList
}

func (c *cluster) compare(app *application) (*comparison, error) {
	if err := c.live.EnsureSynced(); err != nil {
		return nil, err
	}
	targets := app.targets(c.live)
	live, err := c.live.GetManagedLiveObjs(targets, app.tracks)
	if err != nil {
		return nil, err
	}
	pairs := sync.Reconcile(targets, live, app.Namespace, c.live)
	options, err := c.diffOptions(app)
	if err != nil {
		return nil, err
	}
	diffs, err := diff.DiffArray(pairs.Target, pairs.Live, options...)
	return &comparison{pairs, diffs}, err
}

func (c *cluster) diffOptions(app *application) ([]diff.Option, error) {
	options := []diff.Option{
		diff.WithLogr(logr.Discard()),
		diff.WithNormalizer(app),
		diff.WithGVKParser(c.live.GetGVKParser()),
		diff.WithManager(manager),
	}
	switch app.Diff {
	case "threeWay":
		return options, nil
	case "structured":
		return append(options, diff.WithStructuredMergeDiff(true)), nil
	case "server":
		return append(options,
			diff.WithServerSideDiff(true), diff.WithServerSideDryRunner(c.dryRuns)), nil
	}
	return nil, fmt.Errorf("no way %q to compare", app.Diff)
}

func (c *cluster) report(app *application) (*report, error) {
	found, err := c.compare(app)
	if err != nil {
		return nil, err
	}
	result := &report{Sync: synced, Health: string(health.HealthStatusHealthy)}
	for index, target := range found.pairs.Target {
		one := c.judge(target, found.pairs.Live[index], found.diffs.Diffs[index])
		result.Resources = append(result.Resources, one)
		if one.Sync == outOfSync {
			result.Sync = outOfSync
		}
		if health.IsWorse(health.HealthStatusCode(result.Health), health.HealthStatusCode(one.Health)) {
			result.Health = one.Health
		}
	}
	result.Tree = c.tree(app, found.pairs.Live)
	return result, nil
}

// judge says of an object what it is. One that is to be pruned counts in sync, not in health.
func (c *cluster) judge(target, live *unstructured.Unstructured, found diff.DiffResult) resource {
	object := target
	if target == nil {
		object = live
	}
	one := resource{Kind: object.GetKind(), Name: object.GetName(), Sync: synced}
	if target == nil || live == nil || found.Modified {
		one.Sync, one.Live, one.Predicted = outOfSync, found.NormalizedLive, found.PredictedLive
	}
	if live == nil {
		one.Health = string(health.HealthStatusMissing)
		return one
	}
	status, err := health.GetResourceHealth(live, c.scripts)
	if err != nil {
		one.Health, one.Message = string(health.HealthStatusUnknown), err.Error()
	} else if status != nil && target != nil {
		one.Health, one.Message = string(status.Status), status.Message
	}
	return one
}

func (c *cluster) tree(app *application, live []*unstructured.Unstructured) []node {
	var roots []kube.ResourceKey
	for _, each := range live {
		if each != nil {
			roots = append(roots, kube.GetResourceKey(each))
		}
	}
	nodes := []node{}
	c.live.IterateHierarchyV2(
		roots,
		func(one *cache.Resource, _ map[kube.ResourceKey]*cache.Resource) bool {
			nodes = append(nodes, node{one.Ref.Kind, one.Ref.Name, app.tracks(one)})
			return true
		},
	)
	return nodes
}
