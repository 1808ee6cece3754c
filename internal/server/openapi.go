package server

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"

	"halo.dev/halo/internal/halo"
)

// openAPI describes the API but for the answers, which the questionnaire knows.
//
//go:embed openapi.json
var openAPI []byte

// DescribeAPI makes the OpenAPI document of the widget's API.
func DescribeAPI(questions halo.Questionnaire) ([]byte, error) {
	var document struct {
		OpenAPI    string          `json:"openapi"`
		Info       json.RawMessage `json:"info"`
		Paths      json.RawMessage `json:"paths"`
		Components struct {
			Headers   json.RawMessage            `json:"headers"`
			Responses json.RawMessage            `json:"responses"`
			Schemas   map[string]json.RawMessage `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(openAPI, &document); err != nil {
		return nil, fmt.Errorf("reading the API's description: %w", err)
	}
	answers, err := json.Marshal(answersSchema(questions))
	if err != nil {
		return nil, fmt.Errorf("describing the answers: %w", err)
	}
	document.Components.Schemas["Answers"] = answers
	text, err := json.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("writing the API's description: %w", err)
	}
	return text, nil
}

// schema is the part of JSON Schema that answers need.
type schema struct {
	Type        string            `json:"type"`
	Description string            `json:"description,omitempty"`
	Enum        []string          `json:"enum,omitempty"`
	Minimum     *float64          `json:"minimum,omitempty"`
	Maximum     *float64          `json:"maximum,omitempty"`
	Items       *schema           `json:"items,omitempty"`
	Unique      bool              `json:"uniqueItems,omitempty"`
	Required    []string          `json:"required,omitempty"`
	Properties  map[string]schema `json:"properties,omitempty"`
	Additional  *bool             `json:"additionalProperties,omitempty"`
}

// object is a schema of known properties only.
func object(properties map[string]schema, required []string) schema {
	return schema{Type: "object", Properties: properties, Required: required, Additional: new(bool)}
}

func answersSchema(questions halo.Questionnaire) schema {
	properties, required := map[string]schema{}, []string{}
	for _, question := range questions.Questions {
		properties[question.ID] = answerSchema(question)
		if question.Required {
			required = append(required, question.ID)
		}
	}
	return object(properties, required)
}

func answerSchema(question halo.Question) schema {
	s := schema{Type: question.Type}
	values := make([]string, 0, len(question.Choices))
	for _, choice := range question.Choices {
		values = append(values, choice.Value)
	}
	switch question.Type {
	case halo.TypeChoice:
		s.Type, s.Enum = "string", values
	case halo.TypeChoices:
		s.Type, s.Unique, s.Items = "array", true, &schema{Type: "string", Enum: values}
	case halo.TypeInteger, halo.TypeNumber:
		s.Minimum, s.Maximum = question.Min, question.Max
	case halo.TypeShares:
		none, all, shares := 0.0, 100.0, map[string]schema{}
		for _, value := range values {
			shares[value] = schema{Type: "number", Minimum: &none, Maximum: &all}
		}
		s = object(shares, nil)
	}
	s.Description = question.Wording
	return s
}

// serveDocument serves the description to whoever asks: it is the same for all.
func serveDocument(text []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		header := w.Header()
		header.Set("Access-Control-Allow-Origin", "*")
		header.Set("Cross-Origin-Resource-Policy", "cross-origin")
		header.Set("Cache-Control", "public, max-age=300")
		writeJSON(w, http.StatusOK, "application/json", json.RawMessage(text))
	})
}
