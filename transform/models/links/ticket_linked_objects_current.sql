{{ current_links("ticket", "linked_object", inside="linked_objects.data") }}
