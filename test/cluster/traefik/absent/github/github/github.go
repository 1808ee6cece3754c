// Package github stands for the client by which Traefik asks for newer releases
// of itself: it asks nobody.
package github

import (
	"context"
	"errors"
)

var errAbsent = errors.New("asking for releases is not in this build")

// Option changes nothing.
type Option struct{}

// WithURLs changes nothing.
func WithURLs(_, _ *string) Option { return Option{} }

// Client is never made.
type Client struct{ Repositories repositories }

// NewClient refuses.
func NewClient(...Option) (*Client, error) { return nil, errAbsent }

// Response is what nobody gave.
type Response struct {
	Status     string
	StatusCode int
}

// RepositoryRelease is a release that nobody told of.
type RepositoryRelease struct{ TagName string }

type repositories struct{}

func (repositories) ListReleases(_ context.Context, _, _ string, _ any) ([]*RepositoryRelease, *Response, error) {
	return nil, nil, errAbsent
}
