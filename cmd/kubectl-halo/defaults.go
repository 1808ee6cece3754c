package main

import (
	"errors"
	"fmt"
	"io/fs"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"halo.dev/halo/config/crd"
)

// fillIn gives an object the defaults that an API server would, from the definition of its kind.
func fillIn(object *unstructured.Unstructured) error {
	schema, err := schemaOf(object.GetKind())
	if err != nil {
		return err
	}
	// The status's default speaks of a controller that is yet to come.
	delete(schema.Properties, "status")
	return fillObject(object.Object, schema)
}

// schemaOf finds the schema of a kind among the embedded definitions.
func schemaOf(kind string) (*apiextensions.JSONSchemaProps, error) {
	names, err := fs.Glob(crd.Files, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("looking for definitions: %w", err)
	}
	for _, name := range names {
		text, err := crd.Files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		definition := &apiextensions.CustomResourceDefinition{}
		if err := yaml.Unmarshal(text, definition); err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		if definition.Spec.Names.Kind != kind || len(definition.Spec.Versions) == 0 || definition.Spec.Versions[0].Schema == nil {
			continue
		}
		return definition.Spec.Versions[0].Schema.OpenAPIV3Schema, nil
	}
	return nil, errors.New("kind: there is no " + kind + " in halo.dev/v1alpha1")
}

func fillObject(object map[string]any, schema *apiextensions.JSONSchemaProps) error {
	for name := range schema.Properties {
		property := schema.Properties[name]
		if _, there := object[name]; !there && property.Default != nil {
			var value any
			if err := utiljson.Unmarshal(property.Default.Raw, &value); err != nil {
				return fmt.Errorf("the default of %s: %w", name, err)
			}
			object[name] = value
		}
		if err := fillValue(object[name], &property); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func fillValue(value any, schema *apiextensions.JSONSchemaProps) error {
	switch typed := value.(type) {
	case map[string]any:
		return fillObject(typed, schema)
	case []any:
		if schema.Items == nil || schema.Items.Schema == nil {
			return nil
		}
		for i := range typed {
			if err := fillValue(typed[i], schema.Items.Schema); err != nil {
				return fmt.Errorf("[%d]: %w", i, err)
			}
		}
	}
	return nil
}
