// Package account holds the rules of the staff console's accounts: names,
// roles and what each may see, passwords, second factors, one-time secrets,
// and how long somebody who failed has to wait. It decides; it neither stores
// nor serves.
//
// No error of this package carries what was typed.
package account

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// State is where an account stands in its life.
type State string

// An account is asked for by one person and agreed to by another, then waits
// for its owner; it is never deleted, because the log refers to it.
const (
	Requested State = "requested"
	Invited   State = "invited"
	Active    State = "active"
	Disabled  State = "disabled"
)

// Role is what an account is for. It never changes: who gets other work gets
// another account, so that no session can gain rights while it lasts.
type Role string

// The roles.
const (
	Advisor        Role = "advisor"
	Support        Role = "support"
	Analyst        Role = "analyst"
	PrivacyOfficer Role = "privacy-officer"
	Administrator  Role = "administrator"
)

// Roles lists the roles in the order in which pages show them.
func Roles() []Role { return []Role{Advisor, Support, Analyst, PrivacyOfficer, Administrator} }

// ParseRole reads a role.
func ParseRole(text string) (Role, error) {
	for _, role := range Roles() {
		if text == string(role) {
			return role, nil
		}
	}
	return "", errors.New("the role is none of advisor, support, analyst, privacy-officer and administrator")
}

// Right is one thing that a page of the console lets somebody do.
type Right string

// The rights.
const (
	// SeeClients is to see an advisor's own clients and their reports.
	SeeClients Right = "see clients"
	// SeeDeliveries is to see and steer mail, without whose it is.
	SeeDeliveries Right = "see deliveries"
	// SeeFigures is to download data that identify nobody.
	SeeFigures Right = "see figures"
	// HandlePeople is to find, export and erase a person.
	HandlePeople Right = "handle people"
	// SeeAccounts is to see who has an account, and to agree to what another
	// has asked for.
	SeeAccounts Right = "see accounts"
	// HandleAccounts is to ask for accounts and to disable them.
	HandleAccounts Right = "handle accounts"
	// SeeLog is to read and verify the log.
	SeeLog Right = "see the log"
	// Oneself is to change one's own password and to end one's own sessions.
	Oneself Right = "oneself"
)

// rights says what each role may do. Nobody who handles accounts sees a
// personal datum, and nobody who sees one handles accounts.
var rights = map[Role]map[Right]bool{
	Advisor:        {Oneself: true, SeeClients: true},
	Support:        {Oneself: true, SeeDeliveries: true},
	Analyst:        {Oneself: true, SeeFigures: true},
	PrivacyOfficer: {Oneself: true, HandlePeople: true, SeeAccounts: true, SeeLog: true},
	Administrator:  {Oneself: true, SeeAccounts: true, HandleAccounts: true, SeeLog: true},
}

// May says whether a role has a right.
func (r Role) May(right Right) bool { return rights[r][right] }

// MaySee says in words what the role is for.
func (r Role) MaySee() string {
	switch r {
	case Advisor:
		return "own clients and their reports"
	case Support:
		return "mail, without whose it is"
	case Analyst:
		return "figures that identify nobody"
	case PrivacyOfficer:
		return "people: find, export, erase"
	case Administrator:
		return "accounts; no personal data"
	}
	return ""
}

var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}[a-z0-9]$`)

// ParseName reads an account's name: 2 to 64 small letters, digits, dots,
// hyphens and underscores, beginning and ending with a letter or digit.
// Capital letters and space around it are forgiven.
func ParseName(text string) (string, error) {
	name := strings.ToLower(strings.TrimSpace(text))
	if !namePattern.MatchString(name) {
		return "", errors.New("a name has 2 to 64 letters, digits, dots, hyphens and underscores, and begins and ends with a letter or a digit")
	}
	return name, nil
}

var advisorPattern = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// CheckAdvisor says whether an advisor's id fits a role: an advisor's account
// has one, others have none.
func CheckAdvisor(role Role, advisor string) error {
	switch {
	case role == Advisor && !advisorPattern.MatchString(advisor):
		return errors.New("an account with the role advisor needs the id of an advisor of the configuration")
	case role != Advisor && advisor != "":
		return fmt.Errorf("an account with the role %s has no advisor's id", role)
	}
	return nil
}
