package served

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"halo.dev/halo/internal/decide"
)

// pods plays pods that answer, and counts how often each was asked.
type pods struct {
	t       *testing.T
	asker   *Asker
	now     time.Time
	answers map[string]string // by address; none is a pod that does not answer
	asked   map[string]int
}

func play(t *testing.T) *pods {
	p := &pods{t: t, now: time.Unix(1_800_000_000, 0), answers: map[string]string{}, asked: map[string]int{}}
	p.asker = New(func(_ context.Context, address string) (string, error) {
		p.asker.mutex.Lock() // what the asker holds while it thinks, it does not hold while it asks
		defer p.asker.mutex.Unlock()
		p.asked[address]++
		if answer, ok := p.answers[address]; ok {
			return answer, nil
		}
		return "", errors.New("nobody answers")
	}, func() time.Time { return p.now })
	return p
}

// pass lets time go by and tells how often a tenant was told of.
func (p *pods) pass(by time.Duration) (news int) {
	p.t.Helper()
	for end := p.now.Add(by); p.now.Before(end); p.now = p.now.Add(look) {
		done := make(chan struct{})
		go func() { defer close(done); p.asker.round(p.t.Context()) }()
		for waiting := true; waiting; {
			select {
			case event := <-p.asker.Changed():
				if event.Object.Name != "acme" {
					p.t.Errorf("tells of %s", event.Object.Name)
				}
				news++
			case <-done:
				waiting = false
			}
		}
	}
	return news
}

func TestPodsAreAskedUntilTheyServeWhatIsWanted(t *testing.T) {
	p := play(t)
	p.answers["192.0.2.1"], p.answers["192.0.2.2"] = "old", "new"
	both := []Pod{{"a", "192.0.2.1"}, {"b", "192.0.2.2"}}
	if told := p.asker.Want("acme", "new", both); told["a"] != (decide.Told{}) {
		t.Errorf("before it asks it knows %v", told)
	}
	if news := p.pass(4 * time.Second); news != 1 {
		t.Errorf("the tenant was told of %d times", news)
	}
	want := map[types.UID]decide.Told{"a": {SHA256: "old"}, "b": {SHA256: "new"}}
	if told := p.asker.Want("acme", "new", both); fmt.Sprint(told) != fmt.Sprint(want) {
		t.Errorf("it knows %v", told)
	}
	if p.asked["192.0.2.2"] != 1 || p.asked["192.0.2.1"] < 2 {
		t.Errorf("asked %v", p.asked)
	}
	p.answers["192.0.2.1"] = "new"
	if news := p.pass(longest); news != 1 {
		t.Errorf("the tenant was told of %d times", news)
	}
	before := fmt.Sprint(p.asked)
	p.asker.Want("acme", "new", both)
	if news := p.pass(time.Hour); news != 0 || fmt.Sprint(p.asked) != before {
		t.Errorf("pods that serve what is wanted are asked: %v, before %s", p.asked, before)
	}
	p.asker.Want("acme", "newer", both)
	p.pass(2 * time.Second)
	if fmt.Sprint(p.asked) == before {
		t.Error("nobody is asked for another configuration")
	}
}

func TestAPodThatDoesNotAnswerIsAskedLessAndLess(t *testing.T) {
	p := play(t)
	p.asker.Want("acme", "new", []Pod{{"a", "192.0.2.1"}})
	if news := p.pass(2 * time.Hour); news != 1 {
		t.Errorf("the tenant was told of %d times", news)
	}
	if asked := p.asked["192.0.2.1"]; asked < 20 || asked > 40 {
		t.Errorf("asked %d times in two hours", asked)
	}
	p.asker.Want("acme", "new", nil)
	before := p.asked["192.0.2.1"]
	if p.pass(time.Hour); p.asked["192.0.2.1"] != before {
		t.Error("a pod that is gone is asked")
	}
}

func TestTheAskerEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := New(nil, time.Now).Start(ctx); err != nil {
		t.Error(err)
	}
}

func TestAnAnswerIsNotBelievedFurtherThanItsForm(t *testing.T) {
	hash := strings.Repeat("0a", 32)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"config_sha256": %q}`, hash)
	}))
	defer elsewhere.Close()
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string // a part of the error
	}{
		"a status": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprintf(w, `{"config_sha256":%q,"version":"1"}`, hash)
		}, ""},
		"no hash": {func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, `{"config_sha256":"<script>"}`) }, "something else"},
		"no JSON": {func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, `hello`) }, "something else"},
		"too much": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprintf(w, `{"x":%q,"config_sha256":%q}`, strings.Repeat("a", 1<<20), hash)
		}, "something else"},
		"a problem": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }, "it answers 418"},
		"elsewhere": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) }, "it answers 302"},
		"an end":    {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "refused or broke"},
	} {
		t.Run(name, func(t *testing.T) {
			pod := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/status" {
					t.Errorf("it asks for %s", r.URL.Path)
				}
				c.answer(w, r)
			}))
			defer pod.Close()
			host, text, _ := net.SplitHostPort(pod.Listener.Addr().String())
			port, _ := strconv.Atoi(text)
			got, err := HTTP(port)(t.Context(), host)
			if c.want == "" && (err != nil || got != hash) {
				t.Errorf("%q, %v", got, err)
			}
			if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestASlowPodIsNotWaitedFor(t *testing.T) {
	pod := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer pod.Close()
	host, text, _ := net.SplitHostPort(pod.Listener.Addr().String())
	port, _ := strconv.Atoi(text)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := HTTP(port)(ctx, host); err == nil || !strings.Contains(err.Error(), "did not answer within") {
		t.Error(err)
	}
}
