package browser

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Assessment is one <halo-assessment> on the page of a tab, driven by clicks and keys.
//
// Answers are keyed by question id, and by person.first_name, person.last_name, person.email and consent for the last
// step. Their Go types follow the question: string for a choice or text, bool, int or float64, []string for several
// choices (empty: "none of these"), map[string]float64 for shares.
type Assessment struct {
	tab     context.Context
	element int
}

// NewAssessment names the element by its place on the page, from 0. The tab may carry a time limit: every method waits
// for what it needs until the limit is reached.
func NewAssessment(tab context.Context, element int) Assessment {
	return Assessment{tab: tab, element: element}
}

// Path returns a JavaScript expression for the first node inside the element that a CSS selector finds, or undefined.
func (a Assessment) Path(selector string) string {
	return fmt.Sprintf("document.querySelectorAll('halo-assessment')[%d]?.shadowRoot?.querySelector(%s)", a.element, strconv.Quote(selector))
}

// Click clicks with the mouse on the middle of a node.
func (a Assessment) Click(selector string) error {
	if err := chromedp.Do(a.tab, chromedp.Click(chromedp.JSPath(a.Path(selector)), chromedp.NodeVisible)); err != nil {
		return fmt.Errorf("click %s: %w", selector, err)
	}
	return nil
}

// Type replaces what an input holds, by the keyboard.
func (a Assessment) Type(selector, text string) error {
	if text == "" {
		text = kb.Backspace
	}
	_, err := chromedp.Run(a.tab, chromedp.Evaluate[bool]("("+a.Path(selector)+")?.select(), true"))
	if err == nil {
		err = chromedp.Do(a.tab, chromedp.SendKeys(chromedp.JSPath(a.Path(selector)), text))
	}
	if err != nil {
		return fmt.Errorf("type into %s: %w", selector, err)
	}
	return nil
}

// Text returns what is written inside the first node that the selector finds; empty when there is none or it is hidden.
func (a Assessment) Text(selector string) (string, error) {
	return chromedp.Run(a.tab, chromedp.Evaluate[string]("((node) => node?.checkVisibility() ? node.innerText : '')("+a.Path(selector)+")"))
}

// Has tells whether the selector finds a node that is shown.
func (a Assessment) Has(selector string) (bool, error) {
	return chromedp.Run(a.tab, chromedp.Evaluate[bool]("!!("+a.Path(selector)+")?.checkVisibility()"))
}

// Await waits until the selector finds a node that is shown.
func (a Assessment) Await(selector string) error {
	for {
		found, err := a.Has(selector)
		if err == nil && found {
			return nil
		}
		select {
		case <-a.tab.Done():
			return fmt.Errorf("wait for %s: %w", selector, errors.Join(a.tab.Err(), err))
		case <-time.After(25 * time.Millisecond):
		}
	}
}

// Step returns the id of the step that is shown: a section's id, or "contact"; empty before the questions are there and
// after the last one.
func (a Assessment) Step() (string, error) {
	return chromedp.Run(a.tab, chromedp.Evaluate[string]("("+a.Path("section[data-step]:not([hidden])")+")?.dataset.step ?? ''"))
}

// Questions returns the ids of the questions of the step that is shown, in their order.
func (a Assessment) Questions() ([]string, error) {
	const list = "[...(%s)?.querySelectorAll('[data-question]') ?? []].map((node) => node.dataset.question)"
	return chromedp.Run(a.tab, chromedp.Evaluate[[]string](fmt.Sprintf(list, a.Path("section[data-step]:not([hidden])"))))
}

// Answer answers one question of the step that is shown.
func (a Assessment) Answer(question string, value any) error {
	switch value := value.(type) {
	case bool:
		return a.pick(question, strconv.FormatBool(value))
	case int:
		return a.Type(named(question), strconv.Itoa(value))
	case float64:
		return a.Type(named(question), strconv.FormatFloat(value, 'f', -1, 64))
	case string:
		return a.answerText(question, value)
	case []string:
		if len(value) == 0 {
			return a.pick(question, "")
		}
		for _, choice := range value {
			if err := a.pick(question, choice); err != nil {
				return err
			}
		}
		return nil
	case map[string]float64:
		for choice, share := range value {
			if err := a.Answer(question+"."+choice, share); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("answer %s: a %T is no answer", question, value)
}

func named(question string) string {
	return fmt.Sprintf("[name='%s']", question)
}

func (a Assessment) pick(question, value string) error {
	return a.Click(fmt.Sprintf("%s[value='%s']", named(question), value))
}

// answerText answers with a string: a radio button, an entry of a list, or a line of text.
func (a Assessment) answerText(question, value string) error {
	kind, err := chromedp.Run(a.tab, chromedp.Evaluate[string]("("+a.Path(named(question))+")?.type ?? ''"))
	if err != nil {
		return fmt.Errorf("find %s: %w", question, err)
	}
	switch kind {
	case "radio", "checkbox":
		return a.pick(question, value)
	case "select-one":
		return a.pickFromList(question, value)
	case "":
		return fmt.Errorf("answer %s: the page has no such question", question)
	}
	return a.Type(named(question), value)
}

// pickFromList types an entry's label into a list that has the focus, as one does to find it quickly.
func (a Assessment) pickFromList(question, value string) error {
	option := a.Path(fmt.Sprintf("%s option[value='%s']", named(question), value))
	label, err := chromedp.Run(a.tab, chromedp.Evaluate[string]("("+option+")?.label ?? ''"))
	if err != nil || label == "" {
		return fmt.Errorf("answer %s: find the entry %q: %w", question, value, errors.Join(err, a.tab.Err()))
	}
	if err := chromedp.Do(a.tab, chromedp.SendKeys(chromedp.JSPath(a.Path(named(question))), label)); err != nil {
		return fmt.Errorf("answer %s: %w", question, err)
	}
	chosen, err := chromedp.Run(a.tab, chromedp.Evaluate[string]("("+a.Path(named(question))+").value"))
	if err == nil && chosen != value {
		err = fmt.Errorf("the list shows %q", chosen)
	}
	if err != nil {
		return fmt.Errorf("answer %s with %q: %w", question, value, err)
	}
	return nil
}

// Complete answers the whole questionnaire and sends it: each step's questions that answers has, then Continue, and on
// the last step the button that sends. It does not wait for what comes of it: see Result. An answer to a question that
// never came up, or one that the page does not take, is an error.
func (a Assessment) Complete(answers map[string]any) error {
	left := len(answers)
	for {
		if err := a.Await("section[data-step]:not([hidden])"); err != nil {
			return err
		}
		step, err := a.Step()
		if err != nil {
			return err
		}
		answered, err := a.answerStep(answers)
		if err != nil {
			return fmt.Errorf("step %s: %w", step, err)
		}
		left -= answered
		if step == "contact" {
			if left != 0 {
				return fmt.Errorf("%d answers belong to questions that never came up", left)
			}
			return a.Click("[data-action='submit']")
		}
		if err := a.Next(); err != nil {
			return err
		}
	}
}

func (a Assessment) answerStep(answers map[string]any) (answered int, err error) {
	questions, err := a.Questions()
	if err != nil {
		return 0, err
	}
	for _, question := range questions {
		value, ok := answers[question]
		if !ok {
			continue
		}
		if err := a.Answer(question, value); err != nil {
			return answered, err
		}
		answered++
	}
	return answered, nil
}

// Next goes to the next step by its button. The page's own complaint is the error when it does not.
func (a Assessment) Next() error {
	before, err := a.Step()
	if err != nil {
		return err
	}
	if err := a.Click("[data-action='next']"); err != nil {
		return err
	}
	const shown = "section[data-step]:not([hidden])"
	if err := a.Await(fmt.Sprintf("%[1]s:not([data-step='%[2]s']), %[1]s [data-invalid]", shown, before)); err != nil {
		return fmt.Errorf("leave step %s: %w", before, err)
	}
	after, err := a.Step()
	if err != nil || after != before {
		return err
	}
	complaint, err := a.Text(shown + " [data-invalid]")
	return errors.Join(fmt.Errorf("the page stays at step %s: %s", before, complaint), err)
}

// Result is what the visitor sees at the end.
type Result struct {
	// Status is "ok" or "not_applicable".
	Status string
	// LifeExpectancy is the age as it is shown; empty when the status is not "ok".
	LifeExpectancy string
}

// Result waits for the end of the questionnaire and reads it.
func (a Assessment) Result() (Result, error) {
	if err := a.Await("[data-result]"); err != nil {
		complaint, _ := chromedp.Run(a.tab, chromedp.Evaluate[string]("("+a.Path("[data-notice], .alert:not(:empty)")+")?.innerText ?? ''"))
		return Result{}, fmt.Errorf("%w; the page says %q", err, complaint)
	}
	status, err := chromedp.Run(a.tab, chromedp.Evaluate[string]("("+a.Path("[data-result]")+").dataset.result"))
	if err != nil {
		return Result{}, fmt.Errorf("read the result: %w", err)
	}
	expectancy, err := a.Text("[data-life-expectancy]")
	return Result{Status: status, LifeExpectancy: expectancy}, err
}
