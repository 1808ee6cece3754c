package ack

import (
	"maps"
	"testing"
)

func TestTheObjectsPolicyGoesBeforeTheNamespacesAndThatBeforeTheFlag(t *testing.T) {
	object := func(word string) map[string]string { return map[string]string{annotationDeletionPolicy: word} }
	namespace := func(word string) map[string]string { return map[string]string{annotationNamespacePolicy: word} }
	for name, test := range map[string]struct {
		object, namespace map[string]string
		flag, want        Policy
	}{
		"nothing said":                {nil, nil, "", PolicyDelete},
		"the flag":                    {nil, nil, PolicyRetain, PolicyRetain},
		"the namespace":               {nil, namespace("retain"), PolicyDelete, PolicyRetain},
		"the namespace over a flag":   {nil, namespace("delete"), PolicyRetain, PolicyDelete},
		"the object over all":         {object("delete"), namespace("retain"), PolicyRetain, PolicyDelete},
		"the object retains":          {object("retain"), namespace("delete"), PolicyDelete, PolicyRetain},
		"a word that is no policy":    {object("keep"), namespace("retain"), PolicyDelete, PolicyRetain},
		"the object's on a namespace": {nil, object("retain"), PolicyDelete, PolicyDelete},
	} {
		if have := resolvePolicy(test.object, test.namespace, test.flag); have != test.want {
			t.Errorf("%s: %s, want %s", name, have, test.want)
		}
	}
}

func TestFinalSnapshotAnnotations(t *testing.T) {
	for name, test := range map[string]struct {
		annotations map[string]string
		skip        bool
		identifier  string
		fails       bool
	}{
		"none: the data goes":     {nil, true, "", false},
		"both":                    {map[string]string{annotationSkipFinalSnapshot: "false", annotationFinalSnapshot: "f"}, false, "f", false},
		"the name alone":          {map[string]string{annotationFinalSnapshot: "f"}, true, "f", false},
		"a word that is no yes":   {map[string]string{annotationSkipFinalSnapshot: "nope"}, false, "", true},
		"not skipped but no name": {map[string]string{annotationSkipFinalSnapshot: "false"}, false, "", false},
	} {
		skip, identifier, err := finalSnapshot(test.annotations)
		if skip != test.skip || identifier != test.identifier || (err != nil) != test.fails {
			t.Errorf("%s: %v %q %v", name, skip, identifier, err)
		}
	}
}

func TestAdoptionAnnotations(t *testing.T) {
	for name, test := range map[string]struct {
		policy, fields string
		wanted, create bool
		identifier     string
		fails          bool
	}{
		"none":                       {"", "", false, false, "", false},
		"adopt":                      {"adopt", `{"dbClusterIdentifier":"x"}`, true, false, "x", false},
		"adopt or create":            {"adopt-or-create", "", true, true, "", false},
		"adopt without fields":       {"adopt", "", false, false, "", true},
		"fields that are no strings": {"adopt", `{"dbClusterIdentifier":1}`, false, false, "", true},
		"another policy":             {"steal", "{}", false, false, "", true},
	} {
		have, err := parseAdoption(map[string]string{annotationAdoptionPolicy: test.policy, annotationAdoptionFields: test.fields})
		if have.wanted != test.wanted || have.orCreate != test.create || have.fields["dbClusterIdentifier"] != test.identifier || (err != nil) != test.fails {
			t.Errorf("%s: %+v %v", name, have, err)
		}
	}
}

func TestFaultsAreRead(t *testing.T) {
	for value, want := range map[string]Fault{
		"": {}, "failed": {Kind: FaultFailed}, "slow": {Kind: FaultSlow}, "terminal:a: b": {Kind: FaultTerminal, Message: "a: b"},
		"inaccessible-encryption-credentials": {Kind: FaultInaccessible},
	} {
		if have, err := ParseFault(value); err != nil || have != want {
			t.Errorf("%q: %+v %v", value, have, err)
		}
	}
	if _, err := ParseFault("fire"); err == nil {
		t.Error("an unknown fault was read")
	}
}

func FuzzAnnotations(f *testing.F) {
	f.Add("failed", "adopt", `{"a":"b"}`, "true")
	f.Add("terminal:x", "adopt-or-create", `[]`, "maybe")
	f.Fuzz(func(t *testing.T, fault, policy, fields, skip string) {
		if parsed, err := ParseFault(fault); err != nil && parsed != (Fault{}) {
			t.Error("an error comes with a fault")
		}
		annotations := map[string]string{annotationAdoptionPolicy: policy, annotationAdoptionFields: fields, annotationSkipFinalSnapshot: skip}
		kept := maps.Clone(annotations)
		if adopted, err := parseAdoption(annotations); err != nil && adopted.wanted {
			t.Error("an error comes with an adoption")
		}
		if _, _, err := finalSnapshot(annotations); err != nil && !isTerminal(err) {
			t.Errorf("%v is not terminal", err)
		}
		if !maps.Equal(kept, annotations) {
			t.Error("reading changed the annotations")
		}
	})
}
