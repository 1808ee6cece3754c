package rds

import (
	"regexp"
	"slices"
	"strings"
)

// identifierShape is what all RDS identifiers share; hyphens at the end or in a row are looked for apart.
var identifierShape = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*$`)

func checkIdentifier(parameter, identifier string, longest int) error {
	if len(identifier) <= longest && identifierShape.MatchString(identifier) &&
		!strings.Contains(identifier, "--") && !strings.HasSuffix(identifier, "-") {
		return nil
	}
	return refuse(InvalidParameterValue, "The parameter %s is not a valid identifier. Identifiers must begin with a letter; must contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens. (at most %d characters)", parameter, longest)
}

// Engine is the only engine that is played.
const Engine = "aurora-mysql"

var (
	fullVersion  = regexp.MustCompile(`^8\.0\.mysql_aurora\.3\.(0[2-9]|1[0-2])\.\d$`)
	minorVersion = regexp.MustCompile(`^8\.0\.mysql_aurora\.3\.(0[2-9]|1[0-2])$`)
)

const defaultVersion = "8.0.mysql_aurora.3.08.2"

// resolveVersion makes the full version of what a caller may shorten: nothing, "8.0", a minor version.
func resolveVersion(version string) (string, error) {
	switch {
	case version == "", version == "8.0", version == "8.0.mysql_aurora.3":
		return defaultVersion, nil
	case fullVersion.MatchString(version):
		return version, nil
	case minorVersion.MatchString(version):
		return version + ".0", nil
	}
	return "", refuse(InvalidParameterCombination, "Cannot find version %s for %s", version, Engine)
}

func checkEngine(engine string) error {
	if engine != Engine {
		return refuse(InvalidParameterValue, "Invalid DB engine: %s (the stand-in plays %s only)", engine, Engine)
	}
	return nil
}

var (
	userShape     = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,31}$`)
	databaseShape = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`)
)

func checkMaster(username, password string) error {
	if username == "" {
		return refuse(InvalidParameterValue, "The parameter MasterUsername must be provided and must not be blank.")
	}
	reserved := []string{"rdsadmin", "root", "mysql", "mariadb"}
	if !userShape.MatchString(username) || slices.Contains(reserved, strings.ToLower(username)) {
		return refuse(InvalidParameterValue, "MasterUsername %s is not valid: 1 to 32 letters, digits and underscores, first a letter, and not a reserved word.", username)
	}
	return checkPassword(password)
}

// checkPassword never repeats what it was given.
func checkPassword(password string) error {
	if len(password) < 8 || len(password) > 41 {
		return refuse(InvalidParameterValue, "The parameter MasterUserPassword is not a valid password because it is shorter than 8 or longer than 41 characters.")
	}
	for _, letter := range password {
		if letter < '!' || letter > '~' || strings.ContainsRune(`/"@`, letter) {
			return refuse(InvalidParameterValue, `The parameter MasterUserPassword is not a valid password. Only printable ASCII characters besides '/', '@', '"', ' ' may be used.`)
		}
	}
	return nil
}

func checkDatabaseName(name string) error {
	if name != "" && !databaseShape.MatchString(name) {
		return refuse(InvalidParameterValue, "DatabaseName must begin with a letter and contain only alphanumeric characters (64 at most).")
	}
	return nil
}

func checkRetention(days *int64) error {
	if days != nil && (*days < 1 || *days > 35) {
		return refuse(InvalidParameterValue, "Invalid backup retention period: %d. Retention period must be between 1 and 35.", *days)
	}
	return nil
}

func checkScaling(scaling *Scaling) error {
	if scaling == nil {
		return nil
	}
	halves := func(v float64) bool { return v*2 == float64(int64(v*2)) }
	if scaling.Min < 0 || scaling.Max < 1 || scaling.Max > 256 || scaling.Min > scaling.Max || !halves(scaling.Min) || !halves(scaling.Max) {
		return refuse(InvalidParameterValue, "Serverless v2 capacity %g..%g isn't valid. Specify a minimum of 0 or more and a maximum of 1 to 256, in steps of 0.5.", scaling.Min, scaling.Max)
	}
	return nil
}

// checkPreferences is what creating, restoring and modifying check alike.
func (a *Account) checkPreferences(p Preferences) error {
	if err := checkRetention(p.BackupRetentionPeriod); err != nil {
		return err
	}
	if err := checkScaling(p.Scaling); err != nil {
		return err
	}
	if err := checkWindows(valueOr(p.BackupWindow, ""), valueOr(p.MaintenanceWindow, "")); err != nil {
		return err
	}
	if p.Port != nil && (*p.Port < 1150 || *p.Port > 65535) {
		return refuse(InvalidParameterValue, "Invalid port: %d. Ports are 1150 to 65535.", *p.Port)
	}
	for _, group := range p.SecurityGroups {
		if !hasPrefix(group, "sg-") {
			return refuse(InvalidParameterValue, "The security group '%s' does not exist", group)
		}
	}
	if group := valueOr(p.ParameterGroup, ""); group != "" && a.ParameterGroups[group] == nil {
		return refuse(ParameterGroupNotFound, "DBClusterParameterGroup not found: %s", group)
	}
	return nil
}

func valueOr[T any](pointer *T, otherwise T) T {
	if pointer == nil {
		return otherwise
	}
	return *pointer
}
