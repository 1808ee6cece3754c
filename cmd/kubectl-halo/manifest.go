package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	halo "halo.dev/halo/api/v1alpha1"
)

// largestManifest is what an API server would take, many times over.
const largestManifest = 64 << 20

// readManifests reads the objects of a file; - is the standard input. Objects of other groups are left out, and named
// in the second result.
func readManifests(file string, std streams) (ours []*unstructured.Unstructured, others []string, err error) {
	if file == "" {
		return nil, nil, errors.New("-f: name a file, or - for the standard input")
	}
	input := std.in
	if file != "-" {
		opened, err := os.Open(file)
		if err != nil {
			return nil, nil, fmt.Errorf("-f: %w", err)
		}
		defer opened.Close()
		input = opened
	}
	text, err := io.ReadAll(io.LimitReader(input, largestManifest))
	if err != nil {
		return nil, nil, fmt.Errorf("-f: reading %s: %w", file, err)
	}
	ours, others, err = parseManifests(text)
	if err != nil {
		return nil, nil, fmt.Errorf("-f %s: %w", file, err)
	}
	if len(ours) == 0 {
		return nil, nil, fmt.Errorf("-f %s: it holds no HaloTenant, HaloTenantClass or HaloBackup", file)
	}
	return ours, others, nil
}

// parseManifests reads YAML or JSON documents. An error says which document it is about, counted from 1.
func parseManifests(text []byte) (ours []*unstructured.Unstructured, others []string, err error) {
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for number := 1; ; number++ {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return ours, others, nil
		}
		if err != nil {
			return nil, nil, fmt.Errorf("document %d: %w", number, err)
		}
		object := &unstructured.Unstructured{}
		if err := yaml.UnmarshalStrict(document, &object.Object); err != nil {
			return nil, nil, fmt.Errorf("document %d: %w", number, err)
		}
		if len(object.Object) == 0 {
			continue // nothing but comments
		}
		name, err := nameOf(object)
		if err != nil {
			return nil, nil, fmt.Errorf("document %d: %w", number, err)
		}
		if object.GroupVersionKind().GroupVersion() != halo.GroupVersion {
			others = append(others, object.GetKind()+" "+name)
			continue
		}
		ours = append(ours, object)
	}
}

// nameOf reads what every object must have, without trust in the types.
func nameOf(object *unstructured.Unstructured) (string, error) {
	for _, path := range [][]string{{"apiVersion"}, {"kind"}, {"metadata", "name"}} {
		value, found, err := unstructured.NestedString(object.Object, path...)
		if err != nil || !found || value == "" {
			return "", fmt.Errorf("%s: give a text", dotted(path))
		}
		if path[len(path)-1] == "name" {
			return value, nil
		}
	}
	return "", nil
}

func dotted(path []string) string {
	text := path[0]
	for _, part := range path[1:] {
		text += "." + part
	}
	return text
}
