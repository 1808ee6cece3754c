package main

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	halo "halo.dev/halo/api/v1alpha1"
	"halo.dev/halo/controllers/rehearsal"
	"halo.dev/halo/internal/plan"
)

// counts are for the last line of a plan.
type counts struct{ create, update, remove, restart, dangerous int }

func (c counts) any() bool { return c.create+c.update+c.remove > 0 }

func (c *counts) add(change plan.Change) {
	switch change.Action {
	case plan.Create:
		c.create++
	case plan.Update:
		c.update++
	case plan.Delete:
		c.remove++
	}
	for _, effect := range change.Effects() {
		if effect.Kind == plan.Dangerous {
			c.dangerous++
		} else {
			c.restart++
		}
	}
}

func (c *counts) addAll(other counts) {
	c.create += other.create
	c.update += other.update
	c.remove += other.remove
	c.restart += other.restart
	c.dangerous += other.dangerous
}

// paragraph is what is said of one subject.
type paragraph struct {
	subject
	text   string
	counts counts
	// alike are the names of further tenants of which the same is to be said.
	alike []string
}

// paragraphOf tells a subject on its own.
func paragraphOf(p painter, s subject) paragraph {
	var text strings.Builder
	made := paragraph{subject: s}
	if s.own != nil {
		made.counts.add(*s.own)
		tellChange(&text, p, *s.own, "  ")
	}
	if s.rehearsed != nil {
		tellSteps(&text, p, s.rehearsed, &made.counts)
	}
	if made.counts == (counts{}) {
		fmt.Fprintln(&text, "  nothing to change")
	}
	made.text = text.String()
	return made
}

// jobs are names of Jobs: they end in a hash of the database's address, which no two tenants share.
var jobs = regexp.MustCompile(`\b(migrate|retire)-[0-9a-f]{10}\b`)

// likeness is the same for tenants that differ in their names only.
func (p paragraph) likeness() string {
	if p.kind != "HaloTenant" || p.own != nil || p.rehearsed == nil || p.rehearsed.Tenant == nil {
		return p.kind + " " + p.name
	}
	names := strings.NewReplacer(p.rehearsed.Tenant.Spec.Hostname, "<hostname>", p.name, "<tenant>")
	text := names.Replace(jobs.ReplaceAllString(p.text, "$1-<hash>"))
	return strings.Join(strings.Fields(text), " ") // columns depend on the length of names
}

// join puts tenants of which the same is to be said behind the first of them.
func join(all []paragraph) []paragraph {
	var joined []paragraph
	place := map[string]int{}
	for _, one := range all {
		likeness := one.likeness()
		at, seen := place[likeness]
		if !seen {
			place[likeness] = len(joined)
			joined = append(joined, one)
			continue
		}
		joined[at].alike = append(joined[at].alike, one.name)
	}
	return joined
}

// tell prints plans and returns the exit status.
func tell(subjects []subject, std streams) int {
	p := newPainter(std)
	var total counts
	var all []paragraph
	for _, s := range subjects {
		one := paragraphOf(p, s)
		total.addAll(one.counts)
		all = append(all, one)
	}
	for i, one := range join(all) {
		if i > 0 {
			fmt.Fprintln(std.out)
		}
		fmt.Fprintln(std.out, p.bold(one.kind+" "+one.name))
		if len(one.alike) > 0 {
			fmt.Fprintf(std.out, "  and alike, with names of their own, %s: %s\n", plural(len(one.alike), "other tenant"), strings.Join(one.alike, ", "))
		}
		fmt.Fprint(std.out, one.text)
	}
	fmt.Fprintln(std.out)
	tellTenants(std.out, p, all)
	fmt.Fprintf(std.out, "%d to create, %d to update, %d to delete; %s, %s.\n", total.create, total.update, total.remove,
		plural(total.restart, "restart"), p.danger(total.dangerous > 0, plural(total.dangerous, "dangerous change")))
	if total.any() {
		return exitDiffers
	}
	return exitSame
}

// tellTenants sums up what a change of a class, or of several tenants, comes to.
func tellTenants(out io.Writer, p painter, all []paragraph) {
	var tenants, changed, restarted, endangered, stalled int
	ofClass := false
	for _, one := range all {
		ofClass = ofClass || one.kind == "HaloTenantClass"
		if one.rehearsed == nil {
			continue
		}
		tenants++
		changed += count(one.counts.any())
		restarted += count(one.counts.restart > 0)
		endangered += count(one.counts.dangerous > 0)
		stalled += count(meta.IsStatusConditionTrue(one.rehearsed.Last, halo.ConditionStalled))
	}
	if tenants < 2 && !ofClass {
		return
	}
	fmt.Fprintf(out, "%s: %d to change, %d with a restart, %s, %s.\n", plural(tenants, "tenant"), changed, restarted,
		p.danger(endangered > 0, fmt.Sprintf("%d with a dangerous change", endangered)), p.danger(stalled > 0, fmt.Sprintf("%d that would stall", stalled)))
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

func plural(count int, what string) string {
	if count == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", count, what)
}

// tellSteps prints what is done at once, and then what is waited for before each further change.
func tellSteps(out io.Writer, p painter, result *rehearsal.Result, total *counts) {
	p.names = unknownNames(result)
	var awaited []string
	something := false
	for _, step := range result.Steps {
		awaited = append(awaited, step.After...)
		if len(step.Changes) == 0 {
			continue
		}
		something = true
		for _, event := range awaited {
			fmt.Fprintf(out, "  %s\n", p.dim("wait     until "+p.names.Replace(event)))
		}
		awaited = nil
		for _, change := range step.Changes {
			total.add(change)
			tellChange(out, p, change, "  ")
		}
	}
	ready := meta.FindStatusCondition(result.Last, halo.ConditionReady)
	switch {
	case ready == nil:
	case ready.Status == metav1.ConditionTrue:
		for _, event := range awaited {
			fmt.Fprintf(out, "  %s\n", p.dim("wait     until "+p.names.Replace(event)))
		}
		if something || len(awaited) > 0 {
			fmt.Fprintf(out, "  %s    %s\n", p.green("ready"), ready.Message)
		}
	case meta.IsStatusConditionTrue(result.Last, halo.ConditionStalled):
		fmt.Fprintf(out, "  %s  %s\n", p.red("stalled"), ready.Message)
	default:
		fmt.Fprintf(out, "  %s     %s\n", p.yellow("wait"), ready.Message)
	}
}

// reasonColumn is where the reasons begin, when the names leave room.
const reasonColumn = 52

func tellChange(out io.Writer, p painter, change plan.Change, indent string) {
	words := map[plan.Action]func(string) string{plan.Create: p.green, plan.Update: p.yellow, plan.Delete: p.red}
	object := change.Object.GetKind() + " " + p.names.Replace(change.Object.GetName())
	gap := strings.Repeat(" ", max(2, reasonColumn-len(indent)-9-len(object)))
	line := fmt.Sprintf("%s%s   %s", indent, words[change.Action](string(change.Action)), object)
	if change.Reason != "" {
		line += gap + p.dim(change.Reason)
	}
	fmt.Fprintln(out, line)
	for _, field := range fieldLines(change) {
		fmt.Fprintf(out, "%s         %s\n", indent, field)
	}
	for _, effect := range change.Effects() {
		colour := p.yellow
		if effect.Kind == plan.Dangerous {
			colour = p.red
		}
		fmt.Fprintf(out, "%s         %s: %s\n", indent, colour(string(effect.Kind)), effect.Text)
	}
}

// unknownNames finds the Jobs whose name follows from an address that RDS has not given yet.
func unknownNames(result *rehearsal.Result) *strings.Replacer {
	var names []string
	for _, change := range result.Changes() {
		text, err := change.Object.MarshalJSON()
		if err != nil || change.Object.GetKind() != "Job" || !strings.Contains(string(text), rehearsal.UnknownHost) {
			continue
		}
		kind, _, _ := strings.Cut(change.Object.GetName(), "-")
		names = append(names, change.Object.GetName(), kind+"-<hash>")
	}
	return strings.NewReplacer(names...)
}

// painter colours words, when asked, and names what has no name yet.
type painter struct {
	colour bool
	names  *strings.Replacer
}

func newPainter(std streams) painter {
	return painter{colour: std.colour, names: strings.NewReplacer()}
}

func (p painter) paint(code, text string) string {
	if !p.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p painter) bold(text string) string   { return p.paint("1", text) }
func (p painter) dim(text string) string    { return p.paint("2", text) }
func (p painter) red(text string) string    { return p.paint("31", text) }
func (p painter) green(text string) string  { return p.paint("32", text) }
func (p painter) yellow(text string) string { return p.paint("33", text) }

func (p painter) danger(is bool, text string) string {
	if is {
		return p.red(text)
	}
	return text
}
