// Package ssm stands for the client by which Traefik looks for machines that AWS
// manages: it asks nobody.
package ssm

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// Client asks nobody.
type Client struct{}

// NewFromConfig gives a client that asks nobody.
func NewFromConfig(any) *Client { return &Client{} }

// DescribeInstanceInformationInput is a question that nobody is asked.
type DescribeInstanceInformationInput struct {
	Filters []types.InstanceInformationStringFilter
}

// DescribeInstanceInformationOutput is the answer that nobody gives.
type DescribeInstanceInformationOutput struct {
	InstanceInformationList []types.InstanceInformation
}

// DescribeInstanceInformationPaginator has no page.
type DescribeInstanceInformationPaginator struct{}

// NewDescribeInstanceInformationPaginator gives one without a page.
func NewDescribeInstanceInformationPaginator(*Client, *DescribeInstanceInformationInput) *DescribeInstanceInformationPaginator {
	return &DescribeInstanceInformationPaginator{}
}

// HasMorePages says no.
func (*DescribeInstanceInformationPaginator) HasMorePages() bool { return false }

// NextPage refuses.
func (*DescribeInstanceInformationPaginator) NextPage(context.Context) (*DescribeInstanceInformationOutput, error) {
	return nil, errors.New("AWS is not in this build")
}
