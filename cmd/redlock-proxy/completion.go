package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// completion is the subcommand that prints what a shell needs to complete the
// program's subcommands and flags. It is made from the same table as they are.
type completion struct {
	Shell string `arg:"" help:"bash, zsh or fish." enum:"bash,zsh,fish"`
}

// Run prints the script.
func (c *completion) Run(env *environment) error {
	app := env.given.command.Model
	if c.Shell == "fish" {
		return completeFish(env.stdout, app)
	}
	return completeBash(env.stdout, app, c.Shell == "zsh")
}

// subcommandFlags are the flags of a subcommand and those of the program.
func subcommandFlags(app *kong.Application, node *kong.Node) []*kong.Flag {
	flags := append([]*kong.Flag{}, app.Flags...)
	return append(flags, node.Flags...)
}

// completeBash prints a function for bash, which zsh can run too.
func completeBash(w io.Writer, app *kong.Application, zsh bool) error {
	var b strings.Builder
	if zsh {
		b.WriteString("autoload -U +X bashcompinit && bashcompinit\n")
	}
	b.WriteString("# redlock-proxy's subcommands and flags, by redlock-proxy completion\n_redlock_proxy() {\n" +
		"    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} subcommand=serve words i\n" +
		"    for ((i = 1; i < COMP_CWORD; i++)); do\n        case ${COMP_WORDS[i]} in\n")
	var names []string
	for _, node := range app.Children {
		names = append(names, node.Name)
	}
	fmt.Fprintf(&b, "        %s) subcommand=${COMP_WORDS[i]}; break ;;\n        esac\n    done\n", strings.Join(names, "|"))
	b.WriteString("    case $subcommand in\n")
	seen := map[string]bool{}
	var values strings.Builder
	for _, node := range app.Children {
		var words []string
		for _, f := range subcommandFlags(app, node) {
			words = append(words, "--"+f.Name)
			if !seen[f.Name] {
				values.WriteString(valuesOfFlag(f))
			}
			seen[f.Name] = true
		}
		for _, p := range node.Positional {
			words = append(words, p.EnumSlice()...)
		}
		fmt.Fprintf(&b, "    %s) words='%s' ;;\n", node.Name, strings.Join(words, " "))
	}
	fmt.Fprintf(&b, "    esac\n    if ((COMP_CWORD == 1)); then words=\"%s $words\"; fi\n", strings.Join(names, " "))
	// Bash cuts --flag=value into three words.
	b.WriteString("    if [[ $word == '=' ]]; then word=; elif [[ $previous == '=' ]]; then previous=${COMP_WORDS[COMP_CWORD-2]}; fi\n")
	fmt.Fprintf(&b, "    case $previous in\n%s    esac\n", values.String())
	b.WriteString("    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\ncomplete -o default -F _redlock_proxy redlock-proxy\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// valuesOfFlag is what may stand behind a flag.
func valuesOfFlag(f *kong.Flag) string {
	switch {
	case f.Enum != "":
		return fmt.Sprintf("    --%s) words='%s' ;;\n", f.Name, strings.Join(f.EnumSlice(), " "))
	case f.IsBool():
		return ""
	}
	return fmt.Sprintf("    --%s) words= ;;\n", f.Name) // a file, by complete -o default
}

func completeFish(w io.Writer, app *kong.Application) error {
	var b strings.Builder
	b.WriteString("# redlock-proxy's subcommands and flags, by redlock-proxy completion\n")
	for _, node := range app.Children {
		fmt.Fprintf(&b, "complete -c redlock-proxy -n __fish_use_subcommand -f -a %s -d '%s'\n", node.Name, quoteFish(node.Help))
		when := "__fish_seen_subcommand_from " + node.Name
		if node == app.DefaultCmd {
			when += "; or __fish_use_subcommand"
		}
		for _, f := range subcommandFlags(app, node) {
			line := fmt.Sprintf("complete -c redlock-proxy -n '%s' -l %s -d '%s'", when, f.Name, quoteFish(f.Help))
			switch {
			case f.Enum != "":
				line += " -x -a '" + strings.Join(f.EnumSlice(), " ") + "'"
			case !f.IsBool():
				line += " -r"
			}
			b.WriteString(line + "\n")
		}
		for _, p := range node.Positional {
			fmt.Fprintf(&b, "complete -c redlock-proxy -n '%s' -f -a '%s'\n", when, strings.Join(p.EnumSlice(), " "))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func quoteFish(s string) string {
	return strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s)
}
