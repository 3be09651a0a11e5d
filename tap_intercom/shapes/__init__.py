"""In which few ways does Intercom hand out records? A file each.

lists       one object, pages of a list, a list by months
search      what changed between two moments, oldest first, several `parts` at once
scroll      the companies, one scroll at a time
choice      one of these, as a setting says
children    rows that lie inside a parent, or cost a call for each, or for several
feed        rows that parents gather without changing
contents    rows out of the one archive of what was sent
reports     rows out of a report's file
"""
