package mariadb_test

import (
	"slices"
	"strings"
	"testing"

	"halo.dev/halo/test/awslocal/mariadb"
)

func lines(server mariadb.Server) []string {
	return strings.Split(strings.TrimSpace(server.OptionText("somebody")), "\n")
}

func TestOptionsOfAServer(t *testing.T) {
	base := mariadb.Server{Folder: "/f", Socket: "/s", Address: "10.0.0.9", Port: 3306, Retention: 35, Options: map[string]string{"sql_mode": `a"b\c`}}
	encrypted, maintenance := base, base
	encrypted.KeyFile, maintenance.Maintenance = "/k", true
	for name, test := range map[string]struct {
		server   mariadb.Server
		has, not []string
	}{
		"on its network": {base, []string{"[mysqld]", "bind-address=10.0.0.9", "port=3306", "ssl-cert=/f/server.pem", "user=somebody", "log-bin=/f/data/binlog", "binlog-expire-logs-seconds=3024000"}, []string{"skip-networking", "innodb-encrypt-tables=FORCE"}},
		"encrypted": {encrypted, []string{"innodb-encrypt-tables=FORCE", "innodb-encrypt-log=ON", "encrypt-binlog=ON", "encrypt-tmp-files=ON",
			"innodb-encrypt-temporary-tables=ON", "aria-encrypt-tables=ON", "file-key-management-filename=/k"}, nil},
		"in maintenance": {maintenance, []string{"skip-networking", "socket=/s"}, []string{"port=3306", "bind-address=10.0.0.9"}},
		"with a quote":   {base, []string{`sql_mode="a\"b\\c"`}, nil},
	} {
		have := lines(test.server)
		for _, line := range test.has {
			if !slices.Contains(have, line) {
				t.Errorf("%s: %q is missing", name, line)
			}
		}
		for _, line := range test.not {
			if slices.Contains(have, line) {
				t.Errorf("%s: %q is there", name, line)
			}
		}
	}
}
