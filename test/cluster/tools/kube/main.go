// Command kube holds every Kubernetes program that the local cluster and the
// API server tests need in one file, so that the code they share is compiled
// and linked once. The program is chosen by the name the file is called by
// (a symbolic link) or by the first argument.
package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	_ "k8s.io/client-go/plugin/pkg/client/auth" // kubectl against clusters of other kinds
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlerrors "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// programs gives the entry point of each program by its usual name. Each one
// reads os.Args as if it were alone in the file.
func programs() map[string]func() {
	daemon := func(command *cobra.Command) { os.Exit(cli.Run(command)) }
	return map[string]func(){
		"etcd":                    func() { etcdmain.Main(os.Args) },
		"kube-apiserver":          func() { daemon(apiserver.NewAPIServerCommand()) },
		"kube-controller-manager": func() { daemon(controllermanager.NewControllerManagerCommand()) },
		"kube-scheduler":          func() { daemon(scheduler.NewSchedulerCommand()) },
		"kube-proxy":              func() { daemon(proxy.NewProxyCommand()) },
		"kubelet":                 func() { daemon(kubelet.NewKubeletCommand(context.Background())) },
		"kubectl": func() {
			kubectlerrors.CheckErr(cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()))
		},
	}
}

func main() {
	known := programs()
	if run, ok := known[filepath.Base(os.Args[0])]; ok {
		run()
		return
	}
	if len(os.Args) > 1 {
		if run, ok := known[os.Args[1]]; ok {
			os.Args = os.Args[1:]
			run()
			return
		}
	}
	fmt.Fprintf(os.Stderr, "usage: kube PROGRAM [flags], where PROGRAM is one of %s\n",
		strings.Join(slices.Sorted(maps.Keys(known)), ", "))
	os.Exit(2)
}
