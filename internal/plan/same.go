package plan

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// same says whether an object has every field that is wanted, with the same value: that differences would find none. It
// looks at the Go types as they are, because nearly every object is as wanted at nearly every look, and to turn both into
// their JSON shapes costs six times as much. What it is not sure of it denies; it never says so wrongly.
func same(wanted, live client.Object) bool {
	if _, untyped := wanted.(*unstructured.Unstructured); untyped || reflect.TypeOf(wanted) != reflect.TypeOf(live) {
		return false
	}
	one, other := reflect.ValueOf(wanted).Elem(), reflect.ValueOf(live).Elem()
	for i := range one.NumField() {
		switch one.Type().Field(i).Name {
		case "TypeMeta", "Status": // the first is the same by the type, the second is not the operator's
			continue
		}
		if !sameField(one, other, i) {
			return false
		}
	}
	return true
}

func sameField(one, other reflect.Value, i int) bool {
	want, have := one.Field(i), other.Field(i)
	if sameValue(want, have) {
		return true
	}
	_, options, _ := strings.Cut(one.Type().Field(i).Tag.Get("json"), ",")
	return isEmpty(want) && slices.Contains(strings.Split(options, ","), "omitempty")
}

// isEmpty says whether a field that may be left out is.
func isEmpty(value reflect.Value) bool {
	switch value.Kind() {
	case reflect.Map, reflect.Slice:
		return value.Len() == 0
	}
	return isScalar(value.Kind()) && value.IsZero()
}

func isScalar(kind reflect.Kind) bool {
	return kind == reflect.Bool || kind == reflect.String || kind >= reflect.Int && kind <= reflect.Float64
}

func sameValue(want, have reflect.Value) bool {
	switch want.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice:
		if want.IsNil() {
			return true // null, or left out
		}
		if have.IsNil() {
			return false
		}
	case reflect.Interface:
		return want.IsNil()
	}
	if want.Type().Implements(reflect.TypeFor[json.Marshaler]()) {
		return sameText(want, have)
	}
	switch want.Kind() {
	case reflect.Pointer:
		return sameValue(want.Elem(), have.Elem())
	case reflect.Struct:
		return sameStruct(want, have)
	case reflect.Map:
		return sameMap(want, have)
	case reflect.Slice:
		return sameList(want, have)
	}
	return isScalar(want.Kind()) && want.Equal(have)
}

// sameText compares what writes its own JSON, such as a time or a quantity.
func sameText(want, have reflect.Value) bool {
	wanted, err := json.Marshal(want.Interface())
	if err != nil {
		return false
	}
	if string(wanted) == "null" {
		return true
	}
	present, err := json.Marshal(have.Interface())
	return err == nil && bytes.Equal(wanted, present)
}

func sameStruct(want, have reflect.Value) bool {
	for i := range want.NumField() {
		if !want.Type().Field(i).IsExported() || !sameField(want, have, i) {
			return false
		}
	}
	return true
}

func sameMap(want, have reflect.Value) bool {
	for entries := want.MapRange(); entries.Next(); {
		present := have.MapIndex(entries.Key())
		if !present.IsValid() || !sameValue(entries.Value(), present) {
			return false
		}
	}
	return true
}

func sameList(want, have reflect.Value) bool {
	if want.Len() != have.Len() {
		return false
	}
	for i := range want.Len() {
		element := want.Index(i)
		if element.Kind() == reflect.Pointer && element.IsNil() || !sameValue(element, have.Index(i)) {
			return false // null counts in a list
		}
	}
	return true
}
