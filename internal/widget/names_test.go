package widget_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
)

// spoken are the roles that people move between, or that are read out.
var spoken = []string{"heading", "radiogroup", "group", "radio", "checkbox", "textbox", "combobox", "button", "link", "alert", "image"}

// heard lists what a screen reader finds, in its order: role, name and, in brackets, what is said besides.
func (p page) heard() string {
	p.t.Helper()
	tree, err := chromedp.Run(p.tab, func(ctx context.Context, _ *chromedp.Target) (accessibility.GetFullAXTreeResult, error) {
		return chromedp.Call(ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	})
	p.must(err)
	byID := map[accessibility.NodeID]*accessibility.Node{}
	for _, node := range tree.Nodes {
		byID[node.NodeID] = node
	}
	var lines []string
	var walk func(node *accessibility.Node)
	walk = func(node *accessibility.Node) {
		if role := said(node.Role); !node.Ignored && slices.Contains(spoken, role) {
			lines = append(lines, strings.TrimSpace(role+" "+said(node.Name)+besides(role, node, byID)))
		}
		for _, id := range node.ChildIDs {
			if child, ok := byID[id]; ok {
				walk(child)
			}
		}
	}
	walk(tree.Nodes[0])
	return strings.Join(lines, "\n")
}

// besides is what is said after a name: the description, or of an alert what is in it.
func besides(role string, node *accessibility.Node, byID map[accessibility.NodeID]*accessibility.Node) string {
	if role == "alert" {
		var text string
		for _, id := range node.ChildIDs {
			if child, ok := byID[id]; ok {
				text += said(child.Name)
			}
		}
		return text
	}
	if more := said(node.Description); more != "" {
		return " (" + more + ")"
	}
	return ""
}

func said(value *accessibility.Value) string {
	if value == nil {
		return ""
	}
	var text string
	if err := json.Unmarshal(value.Value, &text); err != nil {
		return ""
	}
	return text
}

func TestAScreenReaderFindsEverythingByItsName(t *testing.T) {
	api := newAPI(t)
	api.logo = logo
	p := open(t, api, `<body lang=es>`+element, "")
	p.must(p.Await(".logo canvas"))
	const first = `image Acme Planning
alert
heading Sobre usted
radiogroup ¿Qué sexo deben usar las tablas de vida? (Las tablas de vida publicadas son dos: elija la que mejor le corresponda.)
radio Masculino
radio Femenino
textbox ¿Cuántos años tiene hoy? (años)
radiogroup ¿Tiene demencia, un cáncer en tratamiento, insuficiencia renal, insuficiencia cardíaca o pulmonar grave, un órgano trasplantado u otra enfermedad que su médico considere que acorta la vida, o ya necesita ayuda todos los días? (Si es así, los promedios no le harían justicia, y su asesor planificará con usted en persona.)
radio Sí
radio No
group Ascendencia, en porcentajes (opcional) (Las partes suman 100. Puede dejarlo en blanco.)
textbox Blanca %
textbox Negra %
textbox Hispana %
textbox Asiática %
textbox Otra %
button Continuar
alert`
	if diff := cmp.Diff(first, p.heard()); diff != "" {
		t.Errorf("the first step (-want +got):\n%s", diff)
	}
	p.rush(with(fewest(), map[string]any{"age": 7}))
	heard := p.heard()
	for _, line := range []string{
		"alert Revise las respuestas marcadas.",
		"textbox ¿Cuántos años tiene hoy? (años Escriba un número entero de 18 a 99.)",
	} {
		if !strings.Contains(heard, line+"\n") {
			t.Errorf("%q is not heard:\n%s", line, heard)
		}
	}
	p.wantFocus("age")
	p.rush(fewest())
	const last = `image Acme Planning
alert
heading Sus datos de contacto
textbox Nombre
textbox Apellidos
textbox Correo electrónico
checkbox Acepto que Acme Planning guarde mis respuestas y mis datos de contacto, y que Planning Desk reciba mi informe y pueda comunicarse conmigo al respecto.
button Atrás
button Ver mi perspectiva
alert`
	if diff := cmp.Diff(last, p.heard()); diff != "" {
		t.Errorf("the last step (-want +got):\n%s", diff)
	}
}

func TestTheChartIsHeardAsOneSentence(t *testing.T) {
	p := open(t, newAPI(t), element, "")
	p.send(with(fewest(), person()))
	_, err := p.Result()
	p.must(err)
	const chart = "image From age 60 to 89: Active and working 5.5 years, Active in retirement 10.9 years, With daily help 3.4 years, " +
		"Lost to habits you can change 9.1 years."
	if heard := p.heard(); !strings.Contains(heard+"\n", chart+"\n") || strings.Count(heard, "heading") != 4 {
		t.Errorf("heard:\n%s", heard)
	}
	p.wantFocus("H2")
}
