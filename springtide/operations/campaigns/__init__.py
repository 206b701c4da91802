"""Campaigns and journeys: drafted, approved and launched by people, decided over an audience, sent in batches that lose nobody."""
