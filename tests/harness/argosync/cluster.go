package main

import (
	"github.com/argoproj/gitops-engine/pkg/cache"
	"github.com/argoproj/gitops-engine/pkg/diff"
	"github.com/argoproj/gitops-engine/pkg/utils/kube"
	"github.com/argoproj/gitops-engine/pkg/utils/tracing"
	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
)

const (
	// Argo CD's own limits on its requests to one cluster.
	requestsPerSecond = 50
	requestsAtOnce    = 100
	// By which Argo CD applies, client-side too.
	manager = "argocd-controller"
)

// cluster is one that is watched as a whole, as Argo CD watches those of its Applications.
type cluster struct {
	config  *rest.Config
	kubectl *kube.KubectlCmd
	live    cache.ClusterCache
	dryRuns diff.ServerSideDryRunner
	scripts scripts
	close   func()
}

func connect(config *rest.Config, judged scripts) (*cluster, error) {
	config.QPS, config.Burst = requestsPerSecond, requestsAtOnce
	config.UserAgent = manager
	kubectl := &kube.KubectlCmd{Log: logr.Discard(), Tracer: tracing.NopTracer{}}
	live := cache.NewClusterCache(
		config,
		cache.SetKubectl(kubectl),
		cache.SetLogr(logr.Discard()),
		cache.SetSettings(cache.Settings{ResourceHealthOverride: judged, ResourcesFilter: excluded}),
		cache.SetPopulateResourceInfoHandler(remember),
	)
	if err := live.EnsureSynced(); err != nil {
		return nil, err
	}
	applier, clean, err := kube.ManageServerSideDiffDryRuns(
		config, live.GetOpenAPISchema(), tracing.NopTracer{}, logr.Discard(), nil)
	if err != nil {
		return nil, err
	}
	stop := func() {
		clean()
		live.Invalidate()
	}
	dryRuns := diff.NewK8sServerSideDryRunner(applier)
	return &cluster{config, kubectl, live, dryRuns, judged, stop}, nil
}

// remember keeps whole what may be an application's.
func remember(object *unstructured.Unstructured, isRoot bool) (any, bool) {
	found := marksOf(object)
	return found, isRoot && found != marks{}
}

type group struct {
	group, kind string
}

type exclusions map[group]bool

// Kinds that Argo CD leaves alone unless its ConfigMap says otherwise.
var excluded = exclusions{
	{"", "Endpoints"}:                                    true,
	{"", "Event"}:                                        true,
	{"events.k8s.io", "Event"}:                           true,
	{"discovery.k8s.io", "EndpointSlice"}:                true,
	{"coordination.k8s.io", "Lease"}:                     true,
	{"certificates.k8s.io", "CertificateSigningRequest"}: true,
}

func (e exclusions) IsExcludedResource(name, kind, _ string) bool {
	return e[group{name, kind}]
}
