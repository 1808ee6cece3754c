package browser

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// networkChanged is what Chromium gives every connection when an address of any network interface comes or goes. Machines
// that run a cluster beside the browser do that all the time, and no flag turns it off.
const networkChanged = "net::ERR_NETWORK_CHANGED"

// mostTries is how often a page is loaded before the network counts as restless for good.
const mostTries = 10

// Open loads a page with all its scripts, again if the machine's network changed meanwhile: a visitor would press reload.
// Use it instead of chromedp.Navigate. An error that has another reason is returned at once.
func Open(tab context.Context, address string) error {
	listening, stop := context.WithCancel(tab)
	defer stop()
	var changed atomic.Bool
	err := chromedp.Listen(listening, func(event any) {
		if failure, ok := event.(*network.EventLoadingFailed); ok && failure.ErrorText == networkChanged {
			changed.Store(true)
		}
	})
	if err != nil {
		return fmt.Errorf("open %s: %w", address, err)
	}
	err = untilQuiet(func() (bool, error) {
		changed.Store(false)
		err := chromedp.Do(tab, chromedp.Navigate(address))
		return changed.Load(), err
	})
	if err != nil {
		return fmt.Errorf("open %s: %w", address, err)
	}
	return nil
}

// untilQuiet loads until the network stays as it is for the time of one load, or the load fails for a reason of its own.
func untilQuiet(load func() (changed bool, err error)) error {
	for range mostTries {
		changed, err := load()
		if failure := new(chromedp.LoadError); errors.As(err, &failure) && failure.ErrorText == networkChanged {
			continue
		}
		if err != nil || !changed {
			return err
		}
	}
	return fmt.Errorf("the network changed each of %d times", mostTries)
}
