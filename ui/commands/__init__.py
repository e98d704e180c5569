"""The commands of `scanwright` beside those on a scan, a module for each subject; `ui.cli` registers them.

    options   what every command shares: the options by their names, printing as lines or JSON

A new subject is a new module here and one registering line in `ui.cli`. Each parses, calls a public function, prints.
"""
