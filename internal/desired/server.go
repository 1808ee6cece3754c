package desired

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"halo.dev/halo/internal/naming"
)

// graceSeconds is longer than the server takes to drain and to end a mail that is under way: 46 s at worst.
const graceSeconds = 60

// Deployment serves the tenant's visitors. Nothing that config.yaml holds may show in the template: a change of
// origins, advisors or brand must not restart a pod. nil until the database has an address.
func Deployment(in Input) *appsv1.Deployment {
	if in.DatabaseHost == "" {
		return nil
	}
	labels := naming.ComponentLabels(in.Tenant.Name, naming.ComponentServer)
	selector := &metav1.LabelSelector{MatchLabels: naming.PodSelector(naming.ComponentServer)}
	return &appsv1.Deployment{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
		ObjectMeta: in.meta(naming.Server, labels),
		Spec: appsv1.DeploymentSpec{
			Replicas: in.replicas(), Selector: selector, RevisionHistoryLimit: pointer(int32(3)),
			Strategy: appsv1.DeploymentStrategy{
				Type: appsv1.RollingUpdateDeploymentStrategyType,
				RollingUpdate: &appsv1.RollingUpdateDeployment{
					MaxUnavailable: pointer(intstr.FromInt32(0)), MaxSurge: pointer(intstr.FromInt32(1)),
				},
			},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: serverPod(in, selector)},
		},
	}
}

func serverPod(in Input, selector *metav1.LabelSelector) corev1.PodSpec {
	pod := corev1.PodSpec{
		ServiceAccountName: naming.Server, AutomountServiceAccountToken: pointer(false), EnableServiceLinks: pointer(false),
		SecurityContext: podSecurity(), TerminationGracePeriodSeconds: pointer(int64(graceSeconds)),
		Affinity: apart(selector),
		TopologySpreadConstraints: []corev1.TopologySpreadConstraint{
			spread(corev1.LabelTopologyZone, selector), spread(corev1.LabelHostname, selector),
		},
		Containers: []corev1.Container{serverContainer(in)},
	}
	attach(&pod, configMount(),
		secretMount("tls", naming.ServerTLS, tlsFolder),
		secretMount("token-keys", naming.TokenKeys, keysFolder),
		secretMount("sealing-keys", naming.SealingKeys, sealingFolder),
		secretMount("database-users", naming.DatabaseUsers(in.users()), usersFolder))
	if in.Class.Spec.Mail.Credentials != "" {
		attach(&pod, secretMount("mail-relay", naming.MailRelay, relayFolder))
	}
	return pod
}

func serverContainer(in Input) corev1.Container {
	arguments := []string{"serve", "--config=" + configFolder + "/" + KeyConfig, "--tls-dir=" + tlsFolder,
		"--token-keys-dir=" + keysFolder, "--sealing-keys-dir=" + sealingFolder, "--listen=:8443", "--health-listen=:8081"}
	arguments = append(arguments, in.databaseArguments()...)
	if in.Class.Spec.Mail.Credentials != "" {
		arguments = append(arguments, "--mail-credentials-dir="+relayFolder)
	}
	if proxies := in.trustedProxies(); len(proxies) > 0 {
		arguments = append(arguments, "--trusted-proxies="+strings.Join(proxies, ","))
	}
	ports := []corev1.ContainerPort{
		{Name: portNameHTTPS, ContainerPort: portHTTPS, Protocol: corev1.ProtocolTCP},
		{Name: "health", ContainerPort: portHealth, Protocol: corev1.ProtocolTCP},
	}
	if in.hasConsole() {
		arguments = append(arguments, fmt.Sprintf("--console-listen=:%d", portConsole))
		ports = append(ports, corev1.ContainerPort{Name: naming.Console, ContainerPort: portConsole, Protocol: corev1.ProtocolTCP})
	}
	return corev1.Container{
		Name: naming.ComponentServer, Image: in.Class.Spec.Image, ImagePullPolicy: in.Class.Spec.ImagePullPolicy,
		Args: arguments, Env: telemetryEnvironment(in), Ports: ports,
		StartupProbe:             probe("/livez", 2, 30),
		LivenessProbe:            probe("/livez", 10, 3),
		ReadinessProbe:           probe("/readyz", 5, 2),
		Resources:                in.Class.Spec.Server.Resources,
		SecurityContext:          containerSecurity(),
		TerminationMessagePolicy: corev1.TerminationMessageFallbackToLogsOnError,
	}
}

// trustedProxies are those of every entrance that a tenant has. The network lets each in at its own port only.
func (in Input) trustedProxies() []string {
	proxies := slices.Clone(in.Class.Spec.Ingress.TrustedProxies)
	if !in.hasConsole() {
		return proxies
	}
	for _, proxy := range in.Class.Spec.Console.TrustedProxies {
		if !slices.Contains(proxies, proxy) {
			proxies = append(proxies, proxy)
		}
	}
	return proxies
}

func probe(path string, period, failures int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromString("health")}},
		PeriodSeconds: period, FailureThreshold: failures, TimeoutSeconds: 3,
	}
}

// spread asks for pods in different places, and would rather have a pod in the same place than none.
func spread(key string, selector *metav1.LabelSelector) corev1.TopologySpreadConstraint {
	return corev1.TopologySpreadConstraint{
		MaxSkew: 1, TopologyKey: key, WhenUnsatisfiable: corev1.ScheduleAnyway, LabelSelector: selector,
	}
}

// apart asks for pods on different nodes before anything else, and still starts one where there is only one node.
func apart(selector *metav1.LabelSelector) *corev1.Affinity {
	return &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
		PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{
			Weight: 100, PodAffinityTerm: corev1.PodAffinityTerm{LabelSelector: selector, TopologyKey: corev1.LabelHostname},
		}},
	}}
}

// telemetryEnvironment are OpenTelemetry's own variables; without an endpoint the server sends nothing.
func telemetryEnvironment(in Input) []corev1.EnvVar {
	if in.Class.Spec.Telemetry == nil {
		return nil
	}
	return []corev1.EnvVar{
		{Name: "OTEL_EXPORTER_OTLP_ENDPOINT", Value: in.Class.Spec.Telemetry.Endpoint},
		{Name: "OTEL_SERVICE_NAME", Value: naming.NameServer},
		{Name: "OTEL_RESOURCE_ATTRIBUTES", Value: "service.namespace=" + in.namespace()},
	}
}
