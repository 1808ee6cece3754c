package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"

	"halo.dev/halo/internal/desired"
	"halo.dev/halo/internal/naming"
	"halo.dev/halo/internal/plan"
)

// longestValue is how much of a value is worth a look on one line.
const longestValue = 60

// fieldLines tells which fields an update changes, and from what to what where that can be told: an advisor is a person,
// and what the pods' configuration says of one is not printed.
func fieldLines(change plan.Change) []string {
	if change.Action != plan.Update {
		return nil
	}
	hash := "metadata.annotations." + naming.AnnotationAppliedHash
	var lines []string
	for _, field := range change.Fields {
		if field == hash {
			continue
		}
		lines = append(lines, field+values(change, field))
	}
	if len(lines) == 0 && slices.Contains(change.Fields, hash) {
		return []string{"a field that is no longer wanted"}
	}
	return lines
}

func values(change plan.Change, field string) string {
	kind := change.Object.GetKind()
	switch {
	case change.Live == nil || kind == "Secret" || strings.HasPrefix(field, "spec.advisors"):
		return ""
	case kind == "ConfigMap":
		if field == "data."+desired.KeyConfig {
			return configParts(change)
		}
		return ""
	}
	was, is := printed(change.Live.Object, field), printed(change.Object.Object, field)
	if was == is || len(was) > longestValue || len(is) > longestValue {
		return ""
	}
	return ": " + was + " → " + is
}

// configParts names the parts of the server's configuration that differ, without their content.
func configParts(change plan.Change) string {
	var is, was map[string]any
	for text, into := range map[*map[string]any]any{&is: lookup(change.Object.Object, "data."+desired.KeyConfig), &was: lookup(change.Live.Object, "data."+desired.KeyConfig)} {
		content, ok := into.(string)
		if !ok || yaml.Unmarshal([]byte(content), text) != nil {
			return ""
		}
	}
	var parts []string
	for _, path := range plan.Differences(is, was) {
		part, _, _ := strings.Cut(path, ".")
		part, _, _ = strings.Cut(part, "[")
		if !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

func printed(object map[string]any, path string) string {
	value := lookup(object, path)
	if value == nil {
		return "nothing"
	}
	if text, ok := value.(string); ok && !strings.Contains(text, "\n") && text != "" {
		return text
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(encoded)
}

// lookup follows a dotted path, in which the name of a field may itself have dots.
func lookup(value any, path string) any {
	if path == "" {
		return value
	}
	if list, ok := value.([]any); ok {
		digits, rest, found := strings.Cut(strings.TrimPrefix(path, "["), "]")
		index, err := strconv.Atoi(digits)
		if !found || err != nil || index < 0 || index >= len(list) {
			return nil
		}
		return lookup(list[index], strings.TrimPrefix(rest, "."))
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil
	}
	for end := len(path); end > 0; end-- {
		if end < len(path) && path[end] != '.' && path[end] != '[' {
			continue
		}
		if child, there := object[path[:end]]; there {
			return lookup(child, strings.TrimPrefix(path[end:], "."))
		}
	}
	return nil
}
