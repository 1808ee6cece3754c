package rds

import (
	"maps"
	"slices"
	"strings"
	"unicode"
)

// Family is the one parameter group family that the stand-in knows.
const Family = "aurora-mysql8.0"

// Parameter describes one parameter of a cluster parameter group.
type Parameter struct {
	Name    string
	Default string
	// Static parameters wait for a restart of the instances.
	Static bool
	// Allowed values; nil allows any.
	Allowed []string
	// Option is MariaDB's name for it; empty when MariaDB has no such thing, and the stand-in then only remembers the value.
	Option string
}

// parameters are those of the family that an operator of Aurora MySQL 3 would plausibly set. The service has some four
// hundred; an unlisted one is refused, because refusing is what a mistyped name meets.
func parameters() map[string]Parameter {
	onOff := []string{"0", "1", "ON", "OFF"}
	list := []Parameter{
		{Name: "require_secure_transport", Default: "OFF", Allowed: onOff, Option: "require_secure_transport"},
		{Name: "tls_version", Default: "TLSv1.2,TLSv1.3", Static: true, Allowed: []string{"TLSv1.2", "TLSv1.3", "TLSv1.2,TLSv1.3"}, Option: "tls_version"},
		{Name: "ssl_cipher", Static: true},
		{Name: "server_audit_logging", Default: "0", Allowed: onOff},
		{Name: "server_audit_logs_upload", Default: "0", Allowed: onOff},
		{Name: "server_audit_events"},
		{Name: "server_audit_excl_users"},
		{Name: "server_audit_incl_users"},
		{Name: "binlog_format", Default: "OFF", Static: true, Allowed: []string{"ROW", "STATEMENT", "MIXED", "OFF"}},
		{Name: "binlog_row_image", Default: "full", Option: "binlog_row_image"},
		{Name: "character_set_server", Default: "utf8mb4", Option: "character_set_server"},
		{Name: "character_set_database", Default: "utf8mb4"},
		{Name: "character_set_client"},
		{Name: "character_set_connection"},
		{Name: "character_set_results"},
		{Name: "collation_server", Option: "collation_server"},
		{Name: "collation_connection"},
		{Name: "time_zone", Default: "UTC"},
		{Name: "event_scheduler", Default: "OFF", Allowed: onOff, Option: "event_scheduler"},
		{Name: "slow_query_log", Default: "0", Allowed: onOff, Option: "slow_query_log"},
		{Name: "long_query_time", Default: "10", Option: "long_query_time"},
		{Name: "general_log", Default: "0", Allowed: onOff, Option: "general_log"},
		{Name: "log_output", Default: "FILE", Allowed: []string{"FILE", "TABLE", "NONE"}, Option: "log_output"},
		{Name: "innodb_flush_log_at_trx_commit", Default: "1", Allowed: []string{"0", "1", "2"}, Option: "innodb_flush_log_at_trx_commit"},
		{Name: "innodb_lock_wait_timeout", Default: "50", Option: "innodb_lock_wait_timeout"},
		{Name: "innodb_strict_mode", Default: "1", Allowed: onOff, Option: "innodb_strict_mode"},
		{Name: "innodb_print_all_deadlocks", Default: "0", Allowed: onOff, Option: "innodb_print_all_deadlocks"},
		{Name: "lower_case_table_names", Default: "0", Static: true, Allowed: []string{"0", "1"}, Option: "lower_case_table_names"},
		{Name: "max_allowed_packet", Option: "max_allowed_packet"},
		{Name: "max_connections", Option: "max_connections"},
		{Name: "max_connect_errors", Option: "max_connect_errors"},
		{Name: "wait_timeout", Default: "28800", Option: "wait_timeout"},
		{Name: "interactive_timeout", Default: "28800", Option: "interactive_timeout"},
		{Name: "sql_mode", Option: "sql_mode"},
		{Name: "local_infile", Default: "1", Allowed: onOff, Option: "local_infile"},
		{Name: "skip_show_database", Static: true, Allowed: onOff},
		{Name: "performance_schema", Static: true, Allowed: onOff},
		{Name: "gtid-mode", Default: "OFF_PERMISSIVE", Static: true},
		{Name: "enforce_gtid_consistency", Default: "OFF", Static: true},
		{Name: "aurora_enable_repl_bin_log_filtering", Default: "1", Allowed: onOff},
		{Name: "transaction_isolation", Allowed: []string{"READ-UNCOMMITTED", "READ-COMMITTED", "REPEATABLE-READ", "SERIALIZABLE"}},
	}
	known := make(map[string]Parameter, len(list))
	for _, parameter := range list {
		known[parameter.Name] = parameter
	}
	return known
}

// LookUpParameter finds a parameter of the family by its exact name.
func LookUpParameter(name string) (Parameter, bool) {
	parameter, ok := parameters()[name]
	return parameter, ok
}

// Options are MariaDB's options for a set of parameters over the family's defaults. Parameters without an equivalent
// are left out.
func Options(values map[string]string) map[string]string {
	options := map[string]string{}
	for name, parameter := range parameters() {
		if parameter.Option == "" {
			continue
		}
		// A formula over the instance's memory has no meaning here: MariaDB's own default holds.
		if value, set := values[name]; set && !strings.Contains(value, "{") {
			options[parameter.Option] = value
		} else if parameter.Default != "" {
			options[parameter.Option] = parameter.Default
		}
	}
	return options
}

// DynamicOptions are those options that a running server takes without a restart.
func DynamicOptions(values map[string]string) map[string]string {
	options := Options(values)
	for _, parameter := range parameters() {
		if parameter.Static {
			delete(options, parameter.Option)
		}
	}
	return options
}

// static picks the static parameters of a set.
func static(values map[string]string) map[string]string {
	picked := map[string]string{}
	known := parameters()
	for name, value := range values {
		if known[name].Static {
			picked[name] = value
		}
	}
	return picked
}

func checkParameters(values map[string]string) error {
	known := parameters()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		parameter, ok := known[name]
		if !ok {
			return refuse(InvalidParameterValue, "Could not find parameter with name: %s", name)
		}
		if strings.ContainsFunc(values[name], unicode.IsControl) {
			return refuse(InvalidParameterValue, "Invalid parameter value for: %s: it holds a control character", name)
		}
		if parameter.Allowed != nil && !slices.Contains(parameter.Allowed, values[name]) {
			return refuse(InvalidParameterValue, "Invalid parameter value: %s for: %s allowed values are: %v", values[name], name, parameter.Allowed)
		}
	}
	return nil
}
