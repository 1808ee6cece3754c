// Package bundle turns the widget's TypeScript into the one script that halo-server serves.
//
// It runs esbuild as a library, so that building needs Go alone: no Node.js and no download.
package bundle

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/evanw/esbuild/pkg/api"
)

// Build returns the minified script whose entry is main.ts in the folder source. The same sources give the same bytes.
// An error carries esbuild's own words, with file and line.
func Build(source string) ([]byte, error) {
	directory, err := filepath.Abs(source)
	if err != nil {
		return nil, fmt.Errorf("find the widget's sources: %w", err)
	}
	result := api.Build(api.BuildOptions{
		AbsWorkingDir:     directory,
		EntryPoints:       []string{"main.ts"},
		Bundle:            true,
		Format:            api.FormatIIFE,
		Target:            api.ES2022,
		Charset:           api.CharsetUTF8,
		MinifySyntax:      true,
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		LegalComments:     api.LegalCommentsNone,
		Plugins:           []api.Plugin{styleSheets()},
		LogLevel:          api.LogLevelSilent,
		TsconfigRaw:       "{}",
	})
	if err := firstError("build the widget", result.Errors); err != nil {
		return nil, err
	}
	if len(result.OutputFiles) != 1 {
		return nil, fmt.Errorf("build the widget: %d output files where one was due", len(result.OutputFiles))
	}
	return result.OutputFiles[0].Contents, nil
}

// styleSheets makes the import of a style sheet give its minified text: it becomes a constructed style sheet in the
// browser.
func styleSheets() api.Plugin {
	return api.Plugin{Name: "style-sheets", Setup: func(build api.PluginBuild) {
		build.OnLoad(api.OnLoadOptions{Filter: `\.css$`}, func(args api.OnLoadArgs) (api.OnLoadResult, error) {
			text, err := os.ReadFile(args.Path)
			if err != nil {
				return api.OnLoadResult{}, fmt.Errorf("read a style sheet: %w", err)
			}
			minified := api.Transform(string(text), api.TransformOptions{
				Loader:           api.LoaderCSS,
				Charset:          api.CharsetUTF8,
				MinifySyntax:     true,
				MinifyWhitespace: true,
			})
			if err := firstError("minify "+filepath.Base(args.Path), minified.Errors); err != nil {
				return api.OnLoadResult{}, err
			}
			contents := string(minified.Code)
			return api.OnLoadResult{Contents: &contents, Loader: api.LoaderText}, nil
		})
	}}
}

func firstError(doing string, messages []api.Message) error {
	if len(messages) == 0 {
		return nil
	}
	first := messages[0]
	if first.Location == nil {
		return fmt.Errorf("%s: %w", doing, errors.New(first.Text))
	}
	return fmt.Errorf("%s: %s:%d: %s", doing, first.Location.File, first.Location.Line, first.Text)
}
