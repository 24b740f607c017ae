#!/bin/sh
# An extension attribute: the agent's version, or nothing.
if [ -x /usr/local/bin/keuring-agent ]; then
  echo "<result>$(/usr/local/bin/keuring-agent --version | sed 's/^keuring-agent //')</result>"
else
  echo "<result></result>"
fi
