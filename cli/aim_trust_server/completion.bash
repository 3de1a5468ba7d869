# Completion of aim-trust-server for bash.
_aim_trust_server() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	case $before in
	--store | --key | --token-file) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
	--http | --origin) COMPREPLY=() ;;
	*) mapfile -t COMPREPLY < <(compgen -W "--store --key --http --token-file --origin --help --version" -- "$word") ;;
	esac
}
complete -F _aim_trust_server aim-trust-server
