"""The periodic APK of a machine: judged by the rules that are in force, written down once, and kept as issued."""
