package served

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"
)

// mostAnswer bounds what is read of an answer, which is a hash and a version.
const mostAnswer = 4 << 10

var hexadecimal = regexp.MustCompile(`^[0-9a-f]{64}$`)

// HTTP asks for /status at a port of the pod's. What a pod answers is not believed further than its form: at most 4 KiB,
// from the address that was asked, and a hash.
func HTTP(port int) Ask {
	client := &http.Client{
		Transport: &http.Transport{
			Proxy:             nil, // a pod's address is not for a proxy
			DialContext:       (&net.Dialer{Timeout: patience}).DialContext,
			DisableKeepAlives: true, MaxResponseHeaderBytes: mostAnswer, ResponseHeaderTimeout: patience,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       2 * patience,
	}
	return func(ctx context.Context, address string) (string, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(address, strconv.Itoa(port))+"/status", nil)
		if err != nil {
			return "", fmt.Errorf("asking at %s: %w", address, err)
		}
		response, err := client.Do(request)
		if err != nil {
			return "", reduced(err)
		}
		defer response.Body.Close()
		return read(response)
	}
}

// read takes the hash out of an answer.
func read(response *http.Response) (string, error) {
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("it answers %d", response.StatusCode)
	}
	var status struct {
		SHA256 string `json:"config_sha256"`
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, mostAnswer))
	if err != nil {
		return "", reduced(err)
	}
	if json.Unmarshal(text, &status) != nil || !hexadecimal.MatchString(status.SHA256) {
		return "", errors.New("it answers something else than its status")
	}
	return status.SHA256, nil
}

// reduced says what kind of failure it is, in words that stay the same: a source port in a status would be news each time.
func reduced(err error) error {
	var address *url.Error
	if errors.As(err, &address) && address.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("it did not answer within %s", patience.Round(time.Second))
	}
	return errors.New("the connection was refused or broke")
}
