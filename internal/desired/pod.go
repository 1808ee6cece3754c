package desired

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"halo.dev/halo/internal/naming"
)

// Ports of halo-server.
const (
	portHTTPS   = 8443
	portConsole = 8444
	portHealth  = HealthPort

	portNameHTTPS = "https"
)

// HealthPort is where a server tells its health and its erasures.
const HealthPort = 8081

const (
	userID = 65532

	configFolder   = "/etc/halo/config"
	tlsFolder      = "/etc/halo/tls"
	keysFolder     = "/etc/halo/token-keys"
	sealingFolder  = "/etc/halo/sealing-keys"
	usersFolder    = "/etc/halo/database-users"
	relayFolder    = "/etc/halo/mail-relay"
	masterFolder   = "/etc/halo/database-master"
	erasuresFolder = "/etc/halo/erasures"
	masterPassword = masterFolder + "/password"
)

// users is the number of the database users in force.
func (in Input) users() int { return max(in.UsersNumber, 1) }

func podSecurity() *corev1.PodSecurityContext {
	return &corev1.PodSecurityContext{
		RunAsNonRoot: pointer(true), RunAsUser: pointer(int64(userID)), RunAsGroup: pointer(int64(userID)),
		FSGroup:        pointer(int64(userID)),
		SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
}

func containerSecurity() *corev1.SecurityContext {
	return &corev1.SecurityContext{
		AllowPrivilegeEscalation: pointer(false), ReadOnlyRootFilesystem: pointer(true), RunAsNonRoot: pointer(true),
		Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
	}
}

// databaseArguments say where the database is; pods know it by flags, so that a new place is a rollout.
func (in Input) databaseArguments() []string {
	return []string{
		"--database-host=" + in.DatabaseHost,
		"--database-port=" + strconv.Itoa(int(in.databasePort())),
		"--database-ca=" + configFolder + "/" + KeyDatabaseCA,
		"--credentials-dir=" + usersFolder,
	}
}

// mount is a folder of the pod with the content of one Secret or ConfigMap.
type mount struct {
	volume corev1.Volume
	folder string
}

func secretMount(name, secret, folder string) mount {
	return mount{folder: folder, volume: corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
		Secret: &corev1.SecretVolumeSource{SecretName: secret, DefaultMode: pointer(int32(0o440))},
	}}}
}

func configMount() mount {
	return mount{folder: configFolder, volume: corev1.Volume{Name: "config", VolumeSource: corev1.VolumeSource{
		ConfigMap: &corev1.ConfigMapVolumeSource{
			LocalObjectReference: corev1.LocalObjectReference{Name: naming.ServerConfig}, DefaultMode: pointer(int32(0o444)),
		},
	}}}
}

// attach puts mounts into a pod with one container.
func attach(pod *corev1.PodSpec, mounts ...mount) {
	for _, m := range mounts {
		pod.Volumes = append(pod.Volumes, m.volume)
		pod.Containers[0].VolumeMounts = append(pod.Containers[0].VolumeMounts,
			corev1.VolumeMount{Name: m.volume.Name, MountPath: m.folder, ReadOnly: true})
	}
}
