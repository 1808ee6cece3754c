// Package browser drives a real Chromium for tests and for the demonstration: it starts one, opens tabs, and fills in
// the questionnaire the way a visitor does, by mouse and keyboard.
package browser

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"os"
	"strings"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// path is where Debian's package chromium puts its program.
const path = "/usr/bin/chromium"

// Options say how Chromium is started. The zero value is a plain browser that trusts what the machine trusts.
type Options struct {
	// HostResolverRules maps names to addresses, in Chromium's syntax: "MAP acme.example 127.0.0.1:8443, MAP …".
	HostResolverRules string
	// TrustedKeys are public keys, as KeyPin gives them, whose certificates are accepted whoever signed them. Everything
	// else about TLS stays as strict as it is.
	TrustedKeys []string
	// Width and Height of the window in CSS pixels; 1000 by 800 when zero.
	Width, Height int
}

// Browser is a running Chromium with a profile of its own, which is gone when it is closed.
type Browser struct {
	root    context.Context
	close   context.CancelFunc
	profile string
}

// Start starts a headless Chromium. It lives until Close is called or ctx ends.
func Start(ctx context.Context, options Options) (*Browser, error) {
	profile, err := os.MkdirTemp("", "chromium-")
	if err != nil {
		return nil, fmt.Errorf("make the browser's profile: %w", err)
	}
	allocator, stopAllocator := chromedp.NewExecAllocator(ctx, flags(options, profile)...)
	root, stopRoot := chromedp.NewContext(allocator)
	b := &Browser{root: root, profile: profile, close: func() { stopRoot(); stopAllocator() }}
	if err := chromedp.Do(root); err != nil {
		b.Close()
		return nil, fmt.Errorf("start %s (Debian's package chromium): %w", path, err)
	}
	return b, nil
}

func flags(options Options, profile string) []chromedp.ExecAllocatorOption {
	if options.Width == 0 || options.Height == 0 {
		options.Width, options.Height = 1000, 800
	}
	list := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path),
		chromedp.UserDataDir(profile),
		chromedp.Headless,
		chromedp.NoSandbox,
		chromedp.NoFirstRun,
		chromedp.DisableGPU,
		chromedp.WindowSize(options.Width, options.Height),
	}
	for _, name := range []string{
		"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync",
		"disable-dev-shm-usage", "disable-extensions", "disable-background-timer-throttling",
		"disable-renderer-backgrounding", "disable-backgrounding-occluded-windows",
	} {
		list = append(list, chromedp.Flag(name, true))
	}
	if options.HostResolverRules != "" {
		list = append(list, chromedp.Flag("host-resolver-rules", options.HostResolverRules))
	}
	if len(options.TrustedKeys) > 0 {
		list = append(list, chromedp.Flag("ignore-certificate-errors-spki-list", strings.Join(options.TrustedKeys, ",")))
	}
	return list
}

// Close ends Chromium and removes its profile.
func (b *Browser) Close() {
	b.close()
	chromedp.FromContext(b.root).Allocator.Wait()
	os.RemoveAll(b.profile)
}

// Tab opens a tab that shares no cookies, cache or storage with another; it closes when the function is called. Use it
// with chromedp.Do and chromedp.Run. A time limit goes on a context made from it, never on the one given to Start.
func (b *Browser) Tab() (context.Context, context.CancelFunc, error) {
	tab, stop := chromedp.NewContext(b.root, chromedp.WithNewBrowserContext())
	if err := chromedp.Do(tab, chromedp.Func(holdFocus)); err != nil {
		stop()
		return nil, nil, fmt.Errorf("open a tab: %w", err)
	}
	return tab, stop, nil
}

// holdFocus makes a tab believe that its window has the focus, whatever other tabs are open.
func holdFocus(ctx context.Context, _ *chromedp.Target) error {
	_, err := chromedp.Call(ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	return err
}

// KeyPin returns a certificate's public key in the form of Options.TrustedKeys: base64 of the SHA-256 of its
// SubjectPublicKeyInfo.
func KeyPin(certificate *x509.Certificate) string {
	sum := sha256.Sum256(certificate.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}
