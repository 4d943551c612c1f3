package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v4"
)

// configFile is the file of --config. What it says counts less than the
// environment and the command line, and it may say nothing that is unknown.
// Values are taken as they are written: a password of digits stays what it is,
// and a time without a unit is refused as on the command line.
type configFile struct {
	name   string
	mode   fs.FileMode // 0 when it is not known
	keys   map[string]*yaml.Node
	values map[string]*yaml.Node
	order  []string
	secret bool // it holds a password, as check found
}

// configFlag is --config: the file is read before the other flags get their
// values.
type configFlag string

// BeforeResolve is kong.ConfigFlag's, but for what it says of a file that can not
// be opened.
func (configFlag) BeforeResolve(app *kong.Kong, ctx *kong.Context, trace *kong.Path) error {
	name := string(ctx.FlagValue(trace.Flag).(configFlag))
	file, err := app.LoadConfig(name)
	var unopened *fs.PathError
	if errors.As(err, &unopened) {
		return usageError(fmt.Sprintf("--config=%s: %v", name, unopened.Err))
	}
	if err == nil {
		ctx.AddResolver(file)
	}
	return err
}

// readConfig reads a file whose top level is flags and their values.
func readConfig(r io.Reader) (*configFile, error) {
	f := &configFile{keys: map[string]*yaml.Node{}, values: map[string]*yaml.Node{}}
	if file, is := r.(*os.File); is {
		f.name = file.Name()
		if info, err := file.Stat(); err == nil {
			f.mode = info.Mode()
		}
	}
	var document yaml.Node
	err := yaml.NewDecoder(r).Decode(&document)
	switch {
	case errors.Is(err, io.EOF): // nothing in it
		return f, nil
	case err != nil:
		return nil, f.malformed(lineOf(err))
	case len(document.Content) == 0:
		return f, nil
	}
	return f, f.take(document.Content[0])
}

// take reads the mapping at the top.
func (f *configFile) take(top *yaml.Node) error {
	if top.Kind == yaml.ScalarNode && top.Tag == "!!null" {
		return nil // comments only
	}
	if top.Kind != yaml.MappingNode {
		return f.malformed(top.Line)
	}
	for pair := range slices.Chunk(top.Content, 2) {
		key, value := pair[0], pair[1]
		if key.Kind != yaml.ScalarNode {
			return f.malformed(key.Line)
		}
		if first := f.keys[key.Value]; first != nil {
			return f.wrong(key, "is there twice, first on line %d", first.Line)
		}
		f.keys[key.Value], f.values[key.Value] = key, value
		f.order = append(f.order, key.Value)
	}
	return nil
}

// malformed is the error of what is no YAML, or none of the right shape. It
// repeats nothing of the file, which may hold passwords.
func (f *configFile) malformed(line int) error {
	at := ""
	if line > 0 {
		at = fmt.Sprintf(" line %d", line)
	}
	return usageError(fmt.Sprintf("--config=%s%s: not a YAML file with a flag and its value on each line, as in max-ttl: 5m", f.name, at))
}

// lineOf finds the line in an error of the YAML library, or gives 0.
func lineOf(err error) (line int) {
	if at := regexp.MustCompile(`line (\d+)`).FindString(err.Error()); at != "" {
		_, _ = fmt.Sscanf(at, "line %d", &line)
	}
	return line
}

// wrong names file, line and key.
func (f *configFile) wrong(key *yaml.Node, format string, args ...any) error {
	return usageError(fmt.Sprintf("--config=%s line %d: %s: %s", f.name, key.Line, key.Value, fmt.Sprintf(format, args...)))
}

// Validate implements kong.Resolver; check has done it.
func (f *configFile) Validate(*kong.Application) error { return nil }

// check refuses names that are no flags, as a misspelt limit is worse than
// none, and values that are not of the flag's type.
func (f *configFile) check(app *kong.Application) error {
	known := map[string]*kong.Flag{}
	_ = kong.Visit(app, func(node kong.Visitable, next kong.Next) error {
		if flag, isFlag := node.(*kong.Flag); isFlag {
			known[flag.Name] = flag
		}
		return next(nil)
	})
	for _, name := range f.order {
		flag := known[name]
		if flag == nil || noKey(flag) {
			return f.wrong(f.keys[name], "not the name of a flag for the file")
		}
		if err := f.validateValue(flag); err != nil {
			return err
		}
		f.secret = f.secret || isSecret(flag, f.strings(name))
	}
	return nil
}

// noKey tells the flags that make no sense in a file.
func noKey(flag *kong.Flag) bool {
	return slices.Contains([]string{"help", "config", "version"}, flag.Name)
}

// validateValue tries the value on the flag's type, so that a sentence can name
// where it stands.
func (f *configFile) validateValue(flag *kong.Flag) error {
	key, value := f.keys[flag.Name], f.values[flag.Name]
	switch {
	case value.Kind == yaml.SequenceNode && !flag.IsSlice(), value.Kind == yaml.MappingNode, value.Kind == yaml.AliasNode:
		return f.wrong(key, "takes a plain value")
	case slices.ContainsFunc(value.Content, func(n *yaml.Node) bool { return n.Kind != yaml.ScalarNode }):
		return f.wrong(key, "is a list of plain values")
	case value.Kind == yaml.ScalarNode && value.Tag == "!!null":
		return f.wrong(key, "has no value; take the line out for the default")
	}
	if flag.IsSlice() {
		return nil // of plain words
	}
	scratch := reflect.New(flag.Target.Type()).Elem()
	if err := flag.Mapper.Decode(&kong.DecodeContext{Value: flag.Value, Scan: kong.ScanAsType(kong.FlagValueToken, value.Value)}, scratch); err != nil {
		return f.wrong(key, "%v", err)
	}
	if allowed := flag.EnumSlice(); flag.Enum != "" && !slices.Contains(allowed, value.Value) {
		return f.wrong(key, "must be one of %s", strings.Join(allowed, ", "))
	}
	return nil
}

// strings gives a value as its words.
func (f *configFile) strings(name string) []string {
	value := f.values[name]
	if value.Kind == yaml.ScalarNode {
		return []string{value.Value}
	}
	var all []string
	for _, n := range value.Content {
		all = append(all, n.Value)
	}
	return all
}

// Resolve gives the file's value of a flag, unless the environment has one:
// kong itself would let the file win.
func (f *configFile) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return nil, nil
		}
	}
	value, set := f.values[flag.Name]
	if !set {
		return nil, nil
	}
	if value.Kind == yaml.ScalarNode {
		return value.Value, nil
	}
	var all []any
	for _, word := range f.strings(flag.Name) {
		all = append(all, word)
	}
	return all, nil
}

// othersMay is the permission that strangers on this machine need to read.
const othersMay = 0o004

// exposed tells a file with passwords in it that everybody may read.
func (f *configFile) exposed() bool { return f != nil && f.secret && f.mode&othersMay != 0 }
