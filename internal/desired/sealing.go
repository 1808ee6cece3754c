package desired

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	rds "halo.dev/halo/api/rds/v1alpha1"
	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/internal/naming"
)

// mostSealingNumber bounds what a record may ask for: one that was mistyped must not make a Secret that is too large.
const mostSealingNumber = 2000

// sealingRun is one origin's keys in a record: <fingerprint of the root>/<UID of the origin>/<number of its last key>.
// Every character is one that AWS allows in a tag.
var sealingRun = regexp.MustCompile(`^([0-9a-f]{16})/([0-9A-Za-z-]{1,64})/([1-9][0-9]{0,3})$`)

// sealingTags tell at RDS itself which keys open what is stored: a database that goes on without its tenant keeps them.
func sealingTags(record *halo.SealingStatus) []rds.Tag {
	var tags []rds.Tag
	for i, run := range sealingRuns(record) {
		tags = append(tags, rds.Tag{Key: naming.TagSealing + strconv.Itoa(i+1), Value: run})
	}
	return tags
}

// SealingText tells which keys open what is stored, as a person gives it to the tenant that takes a database over
// (naming.AnnotationSealedWith). Nothing of it is secret.
func SealingText(record *halo.SealingStatus) string {
	return strings.Join(sealingRuns(record), ",")
}

// sealingRuns names the last key of every origin; numbers count on from one origin to the next.
func sealingRuns(record *halo.SealingStatus) []string {
	if record == nil {
		return nil
	}
	var runs []string
	for i, key := range record.Keys {
		if i+1 < len(record.Keys) && record.Keys[i+1].Origin == key.Origin {
			continue
		}
		runs = append(runs, fmt.Sprintf("%s/%s/%d", record.Root, key.Origin, key.Number))
	}
	return runs
}

// ParseSealing reads what SealingText wrote.
func ParseSealing(text string) (*halo.SealingStatus, error) {
	record := &halo.SealingStatus{}
	last := int32(0)
	for run := range strings.SplitSeq(text, ",") {
		parts := sealingRun.FindStringSubmatch(strings.TrimSpace(run))
		if parts == nil {
			return nil, errors.New("each part must be <fingerprint>/<UID of a HaloTenant>/<number>, separated by commas")
		}
		if record.Root != "" && record.Root != parts[1] {
			return nil, errors.New("all parts must have the same fingerprint")
		}
		number, err := strconv.ParseInt(parts[3], 10, 32)
		if err != nil || number > mostSealingNumber || int32(number) <= last {
			return nil, fmt.Errorf("the numbers must grow from part to part, up to %d", mostSealingNumber)
		}
		record.Root = parts[1]
		for ; last < int32(number); last++ {
			record.Keys = append(record.Keys, halo.SealingKey{Origin: types.UID(parts[2]), Number: last + 1})
		}
	}
	return record, nil
}

// SealingOf reads the tags of a DBCluster: those that RDS has, else those that it will be asked to have; nil when they
// tell nothing.
func SealingOf(cluster *rds.DBCluster) (*halo.SealingStatus, error) {
	if cluster == nil {
		return nil, nil
	}
	text := sealingTagText(tagsOf(cluster))
	if text == "" {
		return nil, nil
	}
	return ParseSealing(text)
}

func sealingTagText(tags []rds.Tag) string {
	values := map[string]string{}
	for _, tag := range tags {
		values[tag.Key] = tag.Value
	}
	var runs []string
	for i := 1; ; i++ {
		run, ok := values[naming.TagSealing+strconv.Itoa(i)]
		if !ok {
			return strings.Join(runs, ",")
		}
		runs = append(runs, run)
	}
}

// MadeByTenant tells whether the tags say that a cluster was some tenant's database.
func MadeByTenant(cluster *rds.DBCluster) bool {
	return slices.Contains(tagsOf(cluster), rds.Tag{Key: naming.LabelManagedBy, Value: naming.ManagedBy})
}

func tagsOf(cluster *rds.DBCluster) []rds.Tag {
	if len(cluster.Status.TagList) > 0 {
		return cluster.Status.TagList
	}
	return cluster.Spec.Tags
}

// KeptDatabase is the record of a database that goes on without its tenant; nil when there is none, or nothing in it is
// sealed. It outlives the tenant, and is nobody's to delete but a person's.
func KeptDatabase(tenant *halo.HaloTenant, class *halo.HaloTenantClass) *corev1.ConfigMap {
	external, sealed := External(tenant), tenant.Status.Sealing
	kept := external != nil || (Resolve(tenant, class).DeletionPolicy == halo.DeletionRetain && tenant.Status.Database != nil && tenant.Status.Database.Created)
	if !kept || sealed == nil {
		return nil
	}
	database := ClusterIdentifier(tenant)
	if external != nil {
		database = external.Host
	}
	return &corev1.ConfigMap{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{
			Name: naming.KeptDatabase(tenant.Name, tenant.UID), Namespace: naming.BackupsNamespace, Labels: naming.TenantLabels(tenant.Name),
		},
		Data: map[string]string{"tenant": tenant.Name, "database": database, "sealed-with": SealingText(sealed)},
	}
}
