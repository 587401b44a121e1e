"""The wordings of the thoughts in the household tasks."""

from typing import Final

IN_THE_MIDDLE: Final = (
    "I am in the middle of the room.",
    "I stand in the middle of the room.",
    "I am not at anything.",
)
AT_FURNITURE: Final = (
    "I am at {place}, which has {contents}.",
    "At {place} I see {contents}.",
    "I stand at {place}; here I see {contents}.",
    "The close-up shows {place} with {contents}.",
)
AT_A_CLOSED_DOOR: Final = ("I am at {place}, which is closed.", "{place} in front of me is closed.")
HOLDING: Final = (" I carry {hand}.", " {hand} is in my hand.", " In my hand: {hand}.")
EMPTY_HANDED: Final = (" My hand is empty.", " I carry nothing.", "", "")
TASK: Final = ("My task: {task}.", "I have to {task}.", "The task is to {task}.", "", "")
DO: Final = (
    "So I do this: {action}.",
    "Now: {action}.",
    "My command is: {action}.",
    "The next step is: {action}.",
    "I will {action}.",
    "So I {action}.",
)

UNSEEN: Final = (
    "I have not found {wanted} yet; there may be one at {spot}.",
    "I have seen {no_wanted} so far. I can look for one at {spot}.",
    "I know of {no_wanted} up to now, so I search on: perhaps at {spot}.",
    "I am still looking for {wanted}, and I have not checked {spot}.",
)
UNCHECKED: Final = (
    "I have not looked at {spot} yet; {wanted} may be there.",
    "{spot} is still unchecked and may hold {wanted}.",
)
SEEN_SHUT: Final = (
    "{spot} was closed when I saw it; {wanted} may be inside.",
    "I have not looked into {spot} yet, and {wanted} may be inside.",
)
SEEN_THERE: Final = (
    "I saw {thing} at {spot} before.",
    "I remember {thing} at {spot}.",
    "{thing} is at {spot}, as I have seen.",
)
LAMP_SEEN: Final = (
    "I hold {hand} and saw {thing} at {spot}.",
    "With {hand} in my hand I need the light: {thing} at {spot}.",
)
LAMP_UNSEEN: Final = (
    "I hold {hand} and need {home}; there may be one at {spot}.",
    "Now I need {home} for the {kind}. I have not checked {spot}.",
)
TO_TREAT: Final = (
    "{hand} is not {treated} yet, and {spot} can {verb} it.",
    "I must {verb} {hand}: that can be done at {spot}.",
    "First I have to {verb} {hand}, with {spot}.",
)
TO_PLACE: Final = (
    "I have {hand}, and it can go to {spot}.",
    "{hand} has to go to {home}: {spot} is one.",
    "Now I bring {hand} to {spot}.",
)
TO_PUT_DOWN: Final = (
    "{hand} is not what the task wants, so I need a free hand and can try to leave it at {spot}.",
    "I carry {hand}, which is no {kind}; {spot} may take it.",
)
DOOR: Final = (
    "{spot} is closed, and {wanted} may be inside.",
    "I cannot see into {spot} while it is closed; {wanted} may be in it.",
    "{spot} is shut. I look inside for {wanted}.",
)
DOOR_BEFORE_SEEN: Final = (
    "{thing} was in {spot} when I saw it open.",
    "I have seen {thing} in {spot}, which is shut now.",
)
DOOR_TO_PLACE: Final = (
    "{spot} is closed; before I can put {hand} in, it must be open.",
    "To put {hand} into {spot} I must open it.",
)
FOUND: Final = (
    "{thing} is here at {spot}, and I need {wanted}.",
    "Here is {thing}, just what the task wants.",
    "I see {thing} at {spot}: that is a {kind}.",
    "I have found {thing}.",
)
PLACE: Final = (
    "{spot} is here, and {hand} has to go to {home}.",
    "I am at {spot} with {hand}: I put it down here.",
    "This is where {hand} can be put: {spot}.",
)
PUT_DOWN: Final = (
    "{hand} is not what I need, so I leave it here to have a free hand.",
    "I put {hand} down at {spot} to free my hand.",
)
TREAT: Final = (
    "{hand} must be {treated}, and {spot} is here.",
    "I can {verb} {hand} with {spot} here.",
    "{spot} is in reach, so I {verb} {hand} with it.",
)
LIGHT: Final = (
    "I hold {hand}, and {thing} is here: I turn it on.",
    "{thing} is here. With it on I can look at {hand}.",
)
