"""What an agent said and did, as rows of styled text: the part of a pane that thinks, free of widgets.

:mod:`~widgets.transcript.model` keeps the entries, :mod:`~widgets.transcript.markdown` turns streamed Markdown into
lines, :mod:`~widgets.transcript.rows` lays entries out at a width, redoing only what changed.
"""
