package crds_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	api "halo.dev/halo/api/rds/v1alpha1"
	"halo.dev/halo/test/awslocal/crds"
)

type schema = apiextensionsv1.JSONSchemaProps

func definitions(t *testing.T) map[string]*apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	list, err := crds.Definitions()
	if err != nil {
		t.Fatal(err)
	}
	byKind := map[string]*apiextensionsv1.CustomResourceDefinition{}
	for _, definition := range list {
		byKind[definition.Spec.Names.Kind] = definition
	}
	return byKind
}

func TestTheFiveKindsAreDefined(t *testing.T) {
	for _, kind := range []string{"DBCluster", "DBClusterParameterGroup", "DBClusterSnapshot", "DBInstance", "DBSubnetGroup"} {
		definition := definitions(t)[kind]
		if definition == nil {
			t.Errorf("%s is missing", kind)
			continue
		}
		version := definition.Spec.Versions[0]
		if version.Name != "v1alpha1" || version.Subresources == nil || version.Subresources.Status == nil || definition.Spec.Scope != apiextensionsv1.NamespaceScoped {
			t.Errorf("%s: version %s, subresources %v, scope %s", kind, version.Name, version.Subresources, definition.Spec.Scope)
		}
	}
}

// Everything that the operator's types name must be in the definitions: the API server silently drops what is not.
func TestTheOperatorsTypesLoseNothing(t *testing.T) {
	for kind, object := range map[string]any{
		"DBCluster": api.DBCluster{}, "DBClusterParameterGroup": api.DBClusterParameterGroup{}, "DBClusterSnapshot": api.DBClusterSnapshot{},
		"DBInstance": api.DBInstance{}, "DBSubnetGroup": api.DBSubnetGroup{},
	} {
		root := definitions(t)[kind].Spec.Versions[0].Schema.OpenAPIV3Schema
		for _, part := range []string{"Spec", "Status"} {
			field, _ := reflect.TypeOf(object).FieldByName(part)
			for _, missing := range missingFields(field.Type, root.Properties[strings.ToLower(part)], kind+"."+strings.ToLower(part)) {
				t.Error(missing)
			}
		}
	}
}

func missingFields(kind reflect.Type, have schema, path string) []string {
	for kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	if kind.Kind() == reflect.Slice && have.Items != nil {
		return missingFields(kind.Elem(), *have.Items.Schema, path+"[]")
	}
	if kind.Kind() != reflect.Struct || len(have.Properties) == 0 {
		return nil
	}
	var missing []string
	for i := range kind.NumField() {
		name, _, _ := strings.Cut(kind.Field(i).Tag.Get("json"), ",")
		property, found := have.Properties[name]
		if !found {
			missing = append(missing, path+"."+name+" is in the operator's types and not in the definition")
			continue
		}
		missing = append(missing, missingFields(kind.Field(i).Type, property, path+"."+name)...)
	}
	return missing
}

// Where ACK's published definitions are at hand, every field of ours must be in them with the same type, and whatever
// they require ours must require: then what is valid here is valid there.
func TestEveryFieldIsInThePublishedDefinitions(t *testing.T) {
	folder := os.Getenv("ACK_CRD_DIR")
	if folder == "" {
		t.Log("ACK_CRD_DIR names no folder of ACK's published definitions; only our own were looked at")
		return
	}
	for kind, definition := range definitions(t) {
		text, err := os.ReadFile(filepath.Join(folder, definition.Spec.Names.Plural+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		published := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.Unmarshal(text, published); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(definition.Spec.Names, published.Spec.Names) || definition.Name != published.Name {
			t.Errorf("%s: names are %+v, published %+v", kind, definition.Spec.Names, published.Spec.Names)
		}
		ours, theirs := definition.Spec.Versions[0].Schema.OpenAPIV3Schema, published.Spec.Versions[0].Schema.OpenAPIV3Schema
		for _, difference := range differences(*ours, *theirs, kind) {
			t.Error(difference)
		}
	}
}

func differences(ours, theirs schema, path string) []string {
	var found []string
	if ours.Type != theirs.Type || ours.Format != theirs.Format {
		found = append(found, fmt.Sprintf("%s is %s %s here and %s %s there", path, ours.Type, ours.Format, theirs.Type, theirs.Format))
	}
	for _, name := range theirs.Required {
		if !slices.Contains(ours.Required, name) {
			found = append(found, path+"."+name+" is required there and not here")
		}
	}
	if !reflect.DeepEqual(rules(ours), rules(theirs)) {
		found = append(found, fmt.Sprintf("%s has rules %v here and %v there", path, rules(ours), rules(theirs)))
	}
	if (ours.XMapType == nil) != (theirs.XMapType == nil) {
		found = append(found, path+" is atomic on one side only")
	}
	if ours.Items != nil && theirs.Items != nil {
		found = append(found, differences(*ours.Items.Schema, *theirs.Items.Schema, path+"[]")...)
	}
	if ours.AdditionalProperties != nil && theirs.AdditionalProperties != nil {
		found = append(found, differences(*ours.AdditionalProperties.Schema, *theirs.AdditionalProperties.Schema, path+"{}")...)
	}
	for name, property := range ours.Properties {
		counterpart, known := theirs.Properties[name]
		if !known {
			found = append(found, path+"."+name+" is not in the published definition")
			continue
		}
		found = append(found, differences(property, counterpart, path+"."+name)...)
	}
	return found
}

func rules(of schema) []string {
	var texts []string
	for _, rule := range of.XValidations {
		texts = append(texts, rule.Rule)
	}
	return texts
}
