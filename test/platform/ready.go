package platform

import "strings"

// readyOf reads "<generation> <observed generation> <status> <message>".
func readyOf(output string) (ready bool, message string) {
	fields := strings.SplitN(strings.TrimSpace(output), " ", 4)
	if len(fields) < 3 {
		return false, "no status yet"
	}
	if len(fields) == 4 {
		message = fields[3]
	}
	return fields[0] == fields[1] && fields[2] == "True", message
}
