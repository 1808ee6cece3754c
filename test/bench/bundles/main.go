// The bundles command measures what a visitor's browser loads of other questionnaires' widgets, from their packages in the
// npm registry, beside ours. Without npm or a registry it measures ours alone and says so.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"halo.dev/halo/internal/widget"
)

// patience is for one package; a registry that is slower counts as away.
const patience = 2 * time.Minute

// product is what a visitor loads of one questionnaire.
type product struct {
	name string
	// files of each package of the npm registry, as they are served.
	packages []files
}

type files struct {
	npm   string
	names []string
}

// others are those that docs/performance.md compares with.
func others() []product {
	return []product{
		{"Typeform, the loader alone", []files{{"@typeform/embed", []string{"build/embed.js"}}}},
		{"Formbricks", []files{{"@formbricks/surveys", []string{"dist/index.umd.js"}}}},
		{"SurveyJS", []files{
			{"survey-core", []string{"survey.core.min.js", "survey-core.fontless.min.css"}},
			{"survey-js-ui", []string{"survey-js-ui.min.js"}},
		}},
	}
}

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bundles:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	ours, err := compressed(widget.Newest().Text)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "| what a visitor loads | version | bytes by gzip -9 |\n|---|---|---|\n| HALO, with everything | this one | %d |\n", ours)
	folder, err := os.MkdirTemp("", "halo-bundles")
	if err != nil {
		return fmt.Errorf("making a folder for packages: %w", err)
	}
	defer os.RemoveAll(folder)
	for _, p := range others() {
		version, size, err := measure(ctx, folder, p)
		if err != nil {
			fmt.Fprintf(out, "| %s | not measured: %v | |\n", p.name, err)
			continue
		}
		fmt.Fprintf(out, "| %s | %s | %d |\n", p.name, version, size)
	}
	return nil
}

// measure adds up the files of a product. The version is that of its last package.
func measure(ctx context.Context, folder string, p product) (version string, size int, err error) {
	for _, wanted := range p.packages {
		archive, err := fetch(ctx, folder, wanted.npm)
		if err != nil {
			return "", 0, err
		}
		found, packed, err := unpack(archive, wanted.names)
		if err != nil {
			return "", 0, fmt.Errorf("%s: %w", wanted.npm, err)
		}
		version, size = found, size+packed
	}
	return version, size, nil
}

// fetch has npm bring the newest version of a package, and returns the archive.
func fetch(ctx context.Context, folder, npm string) (path string, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	into, err := os.MkdirTemp(folder, "package")
	if err != nil {
		return "", fmt.Errorf("making a folder for %s: %w", npm, err)
	}
	command := exec.CommandContext(ctx, "npm", "pack", npm, "--silent", "--pack-destination", into)
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("npm does not bring %s (no npm, or no registry): %w", npm, err)
	}
	archives, err := filepath.Glob(filepath.Join(into, "*.tgz"))
	if err != nil || len(archives) != 1 {
		return "", fmt.Errorf("npm brought %d archives of %s", len(archives), npm)
	}
	return archives[0], nil
}
