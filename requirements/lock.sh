#!/usr/bin/env bash
# Turns setup.cfg's ranges into exact versions, one file for each group of extras that the Makefile installs: `make lock`.
set -euo pipefail
cd "$(dirname "$0")/.."
export UV_PYTHON_DOWNLOADS=never

# lock NAME OLDEST_PYTHON REQUIREMENT... : all that pip needs for these, in the versions of $versions.
lock() {
    local file=requirements/$1.txt python=$2
    shift 2
    printf '%s\n' "$@" | "$UV" pip compile - --quiet --config-file requirements/uv.toml --python-version "$python" \
        --constraint "$versions" --output-file "$file"
    echo "$file: $(grep -c == "$file") pins"
}

# Everything at once comes first, so that all groups fit into one environment. transformers needs Python 3.11.
versions=/dev/null
lock all 3.10 setuptools wheel '.[eval,data,alfworld,test,dev]' '.[train,cnn,ray,quantize] ; python_version >= "3.11"'
versions=requirements/all.txt
lock build 3.10 setuptools wheel # what builds this package, and packages that have no wheels
lock test 3.10 '.[eval,test]'
lock dev 3.10 '.[eval,test,dev]'
lock alfworld 3.10 '.[eval,test,alfworld]'
lock demo 3.11 '.[eval,train]'
lock train 3.11 '.[eval,test,train,cnn,data,ray]'
# Not in all.txt, since nothing else needs it; in its versions, so that the site is built where the tests run.
lock docs 3.11 '.[docs]'

# By themselves: the Flask and Werkzeug of 2022 that ai2thor needs hold nothing else back, nor do agent frameworks.
versions=/dev/null
lock thor 3.10 '.[eval,test,thor]'
lock inspect 3.11 '.[test,inspect]'
lock openenv 3.11 '.[test,openenv]'
lock skyrl 3.11 '.[test,skyrl]'
lock gem 3.11 '.[test,gem]'
lock trl 3.11 '.[eval,test,train,trl]'
lock verifiers 3.11 '.[test,verifiers]'
lock verl 3.11 '.[test,verl]'
lock agentlightning 3.12 '.[test,agentlightning]'
