// Package staff plays a member of a firm's staff at a running console: it follows the link of an invitation, signs in
// and keeps cookies, as a browser does.
package staff

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"

	"halo.dev/halo/internal/account"
)

// Password is everybody's.
const Password = "correct horse battery staple"

// Console is where a console listens.
type Console struct {
	// Address is https://host:port, Host the name that the console answers to.
	Address, Host string
	// Transport trusts its certificate.
	Transport http.RoundTripper
}

// Member is somebody with an account and a browser of their own.
type Member struct {
	Name   string
	Secret []byte
	// Recovery are codes that sign in once each, in the order in which they are used up.
	Recovery []string

	console Console
	client  *http.Client
}

// Answer is a response that was read to its end.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

var (
	shownKey  = regexp.MustCompile(`<code class="key">([^<]+)</code>`)
	shownCode = regexp.MustCompile(`<li><code>([^<]+)</code></li>`)
)

// Stranger is somebody without an account.
func Stranger(console Console) (*Member, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, fmt.Errorf("making a browser: %w", err)
	}
	client := &http.Client{Jar: jar, Transport: console.Transport, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &Member{console: console, client: client}, nil
}

// Join follows the link of an invitation to its end. The member has not signed in then.
func Join(ctx context.Context, console Console, name, link string) (*Member, error) {
	m, err := Stranger(console)
	if err != nil {
		return nil, err
	}
	m.Name = name
	path := strings.TrimPrefix(strings.TrimSpace(link), "https://"+console.Host)
	prepared, err := m.Post(ctx, path, "password", Password, "again", Password)
	if err != nil {
		return nil, err
	}
	key := shownKey.FindStringSubmatch(prepared.Body)
	if key == nil {
		return nil, fmt.Errorf("joining as %s: status %d shows no key", name, prepared.Status)
	}
	m.Secret, err = base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.NewReplacer(" ", "", "-", "").Replace(html.UnescapeString(key[1])))
	if err != nil {
		return nil, errors.New("joining: the key is not base32")
	}
	joined, err := m.Post(ctx, path+"/code", "code", m.Code())
	if err != nil {
		return nil, err
	}
	for _, code := range shownCode.FindAllStringSubmatch(joined.Body, -1) {
		m.Recovery = append(m.Recovery, html.UnescapeString(code[1]))
	}
	if len(m.Recovery) == 0 {
		return nil, fmt.Errorf("joining as %s: status %d shows no recovery codes", name, joined.Status)
	}
	return m, nil
}

// Code is what the member's app shows now.
func (m *Member) Code() string { return account.Code(m.Secret, time.Now()) }

// NextCode is what it shows half a minute later, which counts already: a code counts once, and joining has used one.
func (m *Member) NextCode() string { return account.Code(m.Secret, time.Now().Add(30*time.Second)) }

// SignIn signs in with a recovery code.
func (m *Member) SignIn(ctx context.Context) error {
	if len(m.Recovery) == 0 {
		return errors.New("signing in: no recovery code is left")
	}
	code := m.Recovery[0]
	m.Recovery = m.Recovery[1:]
	got, err := m.Post(ctx, "/console/sign-in", "name", m.Name, "password", Password, "code", code)
	if err != nil {
		return err
	}
	if got.Status != http.StatusSeeOther {
		return fmt.Errorf("signing in as %s answers %d", m.Name, got.Status)
	}
	return nil
}

// site is whose cookies the browser has: those of the name that it asks for, wherever that leads.
func (m *Member) site() (*url.URL, error) { return url.Parse("https://" + m.console.Host) }

// Cookies are the values of the browser's cookies by name.
func (m *Member) Cookies() map[string]string {
	values := map[string]string{}
	if address, err := m.site(); err == nil {
		for _, cookie := range m.client.Jar.Cookies(address) {
			values[cookie.Name] = cookie.Value
		}
	}
	return values
}

// Plant gives the browser a cookie.
func (m *Member) Plant(name, value string) {
	if address, err := m.site(); err == nil {
		m.client.Jar.SetCookies(address, []*http.Cookie{{Name: name, Value: value, Path: "/", Secure: true}})
	}
}

// Get asks for a page.
func (m *Member) Get(ctx context.Context, path string) (Answer, error) {
	return m.Do(ctx, http.MethodGet, path, "")
}

// Post sends a form as a page of the console does; fields come in pairs.
func (m *Member) Post(ctx context.Context, path string, fields ...string) (Answer, error) {
	values := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	return m.Do(ctx, http.MethodPost, path, values.Encode(), "Content-Type", "application/x-www-form-urlencoded",
		"Origin", "https://"+m.console.Host, "Sec-Fetch-Site", "same-origin")
}

// Do sends a request; headers come in pairs.
func (m *Member) Do(ctx context.Context, method, path, body string, headers ...string) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, m.console.Address+path, strings.NewReader(body))
	if err != nil {
		return Answer{}, fmt.Errorf("asking the console: %w", err)
	}
	request.Host = m.console.Host
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := m.client.Do(request)
	if err != nil {
		return Answer{}, fmt.Errorf("asking the console: %w", err)
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		return Answer{}, fmt.Errorf("reading what the console answers: %w", err)
	}
	return Answer{response.StatusCode, response.Header, string(read)}, nil
}
