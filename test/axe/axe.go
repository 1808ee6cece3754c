// Package axe looks for what keeps people out of a page: it runs axe-core in a tab of Chromium, by the rules of
// WCAG 2.2 A and AA and by axe-core's own good practice.
//
// axe-core comes from npm, pinned in the folder npm; `go run ./build/prepare axe-core` puts it where Script finds it.
package axe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/chromedp/chromedp"
)

// program is the name under which build/prepare links the script.
const program = "axe-core"

// script finds and reads axe-core once.
var script = sync.OnceValues(func() (string, error) {
	for _, folder := range filepath.SplitList(os.Getenv("PATH")) {
		text, err := os.ReadFile(filepath.Join(folder, program))
		if err == nil {
			return string(text), nil
		}
	}
	return "", errors.New("axe-core is in no folder of PATH: `go run ./build/prepare axe-core`, then " +
		"`eval \"$(go run ./build/prepare environment)\"`")
})

// Report is what axe-core thinks of a page as it stands.
type Report struct {
	// Violations are the flaws, one line each: the rule, the node, and what is wrong with it.
	Violations []string
	// Unsure are what a person has to judge, in the same form.
	Unsure []string
	// Passed are the ids of the rules that applied to something and found nothing: a report without them looked at nothing.
	Passed []string
}

// check runs in the page. Target sizes are the one rule of WCAG 2.2 that axe-core leaves out unless asked for.
const check = `axe.run(document, {
	runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
	rules: {'target-size': {enabled: true}},
	resultTypes: ['violations', 'incomplete', 'passes'],
}).then(({violations, incomplete, passes}) => {
	const lines = (results) => results.flatMap(({id, nodes}) => nodes.map((node) => id + ' at ' + node.target.flat().join(' ') + ': ' +
		[...node.any, ...node.all, ...node.none].map(({message}) => message).join('; ')));
	return {Violations: lines(violations), Unsure: lines(incomplete), Passed: passes.map(({id}) => id)};
})`

// Look examines all that the tab shows, shadow trees included; the page's policy does not hinder it. An error means that
// axe-core is not there, or could not finish.
func Look(tab context.Context) (Report, error) {
	text, err := script()
	if err != nil {
		return Report{}, err
	}
	if err := chromedp.Do(tab, chromedp.Evaluate[chromedp.Void](text+";0")); err != nil {
		return Report{}, fmt.Errorf("load axe-core: %w", err)
	}
	report, err := chromedp.Run(tab, chromedp.Evaluate[Report](check, chromedp.EvalAwaitPromise))
	if err != nil {
		return Report{}, fmt.Errorf("run axe-core: %w", err)
	}
	return report, nil
}
