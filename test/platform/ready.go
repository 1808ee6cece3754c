package platform

import "strings"

// ReadyTemplate has kubectl print what IsReady reads.
const ReadyTemplate = `jsonpath={.metadata.generation} {.status.observedGeneration} {.status.conditions[?(@.type=="Ready")].status} {.status.conditions[?(@.type=="Ready")].message}`

// IsReady reads "<generation> <observed generation> <status> <message>": an
// object is ready when its condition is True for its present generation.
func IsReady(output string) (ready bool, message string) {
	fields := strings.SplitN(strings.TrimSpace(output), " ", 4)
	if len(fields) < 3 {
		return false, "no status yet"
	}
	if len(fields) == 4 {
		message = fields[3]
	}
	return fields[0] == fields[1] && fields[2] == "True", message
}
