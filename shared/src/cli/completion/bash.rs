//! Completions for bash, with nothing but what bash itself has.

use super::{Offer, function, names, offer, operand, shown};
use crate::cli::tool::Tool;

/// The script to source.
pub fn script(tool: &Tool) -> String {
    let function = function(tool);
    let flags: Vec<String> = shown(tool).iter().flat_map(names).collect();
    TEMPLATE
        .replace("@FUNCTION@", &function)
        .replace("@NAME@", tool.name)
        .replace("@FLAGS@", &flags.join(" "))
        .replace("@VALUES@", &values(tool))
        .replace("@OPERAND@", &reply(&operand(tool)))
}

/// `=` is a word of its own in bash's eyes, so `--flag=text` is three words.
const TEMPLATE: &str = r#"# bash completion for @NAME@

@FUNCTION@() {
    local IFS=$' \t\n' word
    local cur=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD-1]}
    COMPREPLY=()
    if [[ $cur == = ]]; then
        cur=
    elif [[ $flag == = ]]; then
        flag=${COMP_WORDS[COMP_CWORD-2]}
    fi
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        if [[ $word == -- ]]; then
            @OPERAND@
            return
        fi
    done
    case $flag in
@VALUES@    esac
    if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W '@FLAGS@' -- "$cur"))
        return
    fi
    @OPERAND@
}

complete -F @FUNCTION@ @NAME@
"#;

/// An arm for each flag that takes a value.
fn values(tool: &Tool) -> String {
    let flags = shown(tool).into_iter().filter(|flag| flag.value.is_some());
    let arms = flags.map(|flag| {
        let names = names(&flag).join("|");
        let reply = reply(&offer(tool, &flag));
        format!("        {names})\n            {reply}\n            return\n            ;;\n")
    });
    arms.collect()
}

/// The command that offers something; names of files may hold spaces.
fn reply(offer: &Offer) -> String {
    let names = |kind| {
        format!(
            "compopt -o filenames 2>/dev/null; IFS=$'\\n'; COMPREPLY=($(compgen -{kind} -- \"$cur\"))"
        )
    };
    match offer {
        Offer::Words(words) => {
            format!(
                "COMPREPLY=($(compgen -W '{}' -- \"$cur\"))",
                words.join(" ")
            )
        }
        Offer::Folders => names('d'),
        Offer::Files => names('f'),
        Offer::Nothing => "COMPREPLY=()".to_string(),
    }
}
