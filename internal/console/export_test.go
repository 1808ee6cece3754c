package console

// Routes lists every address as "METHOD /path".
func Routes() (list []string) {
	for _, route := range (&console{}).routes() {
		list = append(list, route.method+" "+route.path)
	}
	return list
}

// ParseForm is the parser of forms.
func ParseForm(text string, fields ...string) (map[string]string, error) {
	return parseForm(text, fields)
}
