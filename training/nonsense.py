"""Prompts that ask for nothing: the edit is the source."""

from __future__ import annotations

import random

IDENTITY_PROMPTS: list[str] = [
    "", "", "", "unchanged", "the same image", "asdf qwer", "do nothing", "xkcd blorp", "zzzz", "1234", "lorem ipsum",
    "the", "hello", "no change", "original photo", "a photo", "keep it as it is", "fnord", "qqq www", "wubba lubba",
    "leave it alone", "as it is", "don't change anything", "no edit", "just the photo", "a picture", "an image",
    "nothing at all", "same as before", "the original", "no effect", "without any effect", "test", "test prompt",
    "how are you", "good morning everybody", "what is your name", "who are you", "thank you very much", "see you later",
    "what time does the meeting start", "please call me back", "I forgot my password", "open sesame", "abracadabra",
    "where did I put my keys", "my order has not arrived yet", "two plus two is four", "to be or not to be",
    "I do not know what to write", "let's have lunch", "happy to help", "is anybody there", "why not", "maybe", "okay",
    "the quick answer", "correct horse battery staple", "terms and conditions", "chapter one", "page not found",
    "annual report", "bachelor thesis", "machine learning", "neural network", "privacy policy", "the share price fell",
    "he said that he would think about it", "democracy", "honesty", "the day after tomorrow", "a matter of opinion",
    "a photo of my uncle at work", "my sister and her husband", "our family reunion", "a portrait of a man",
    "people waiting in line", "my grandmother on her sofa", "a woman reading", "the team after the meeting",
    "a picture of my friends", "he is looking at the viewer", "a photograph", "a photo taken with my phone",
]  # fmt: skip

_TALK = (
    "the", "a", "of", "and", "it", "is", "as", "with", "in", "please", "image", "photo", "this", "nice", "very", "good",
    "leave", "everything", "untouched", "nothing", "here", "test", "yes", "no", "ok", "what", "if", "number",
    "password", "name", "today", "monday", "seven", "think", "about", "math", "email", "account",
)  # fmt: skip
_CHAT = (
    "where is {0}", "who is {0}", "my name is {0}", "call {0} tomorrow", "{0} said hello", "a letter to {0}",
    "when does {0} arrive", "does {0} know the answer", "{0} and {1}", "I met {0} in {2}", "{0} lives in {2}",
    "we moved to {2} last year", "how far is it to {2}", "the office in {2}", "a photo of {0}", "a photo of {0} in {2}",
    "{0}", "{0} {1}", "{2}", "what do you think about {3}", "I have to talk about {3}", "{3}", "{3} and {4}",
    "the {3} of {0}", "why is {3} important", "how does {3} work", "a question about {3}", "tell me more about {3}",
    "no more {3}", "the end of {3}", "{5} {6}", "a photo of {5} {6}", "a picture of {5} {6}", "this is {5} {6}",
    "{5} and {0} {6}", "here you see {5} {6}", "{5}", "a photo of {5}",
)  # fmt: skip
_PERSONS = (
    "Anna", "Peter", "Thomas", "Sarah", "Lukas", "Julia", "Martin", "Laura", "Kevin", "Linda", "Susan", "David",
    "Maria", "Elena", "Ahmed", "Fatima", "Yusuf", "Priya", "Raj", "Chen", "Wei", "Yuki", "Olga", "Ivan", "Carlos",
    "Sofia", "Emma", "Noah", "Liam", "Olivia", "Ethan", "Grace", "Daniel", "Hannah", "Mr Miller", "Mrs Smith",
    "Johnson", "Schmidt", "Garcia", "Nguyen", "Kim", "Wilson", "Taylor", "Anderson",
)  # fmt: skip
_CITIES = (
    "London", "Berlin", "Madrid", "Rome", "Munich", "Zurich", "Warsaw", "Chicago", "Boston", "Toronto", "Sydney",
    "Mumbai", "Lagos", "Nairobi", "Lima", "Bogota", "Seoul", "Lisbon", "Dublin", "Ohio", "Texas", "Bavaria", "Leeds",
    "Graz", "Ankara", "Jakarta", "Hanoi", "Perth",
)  # fmt: skip
_TOPICS = (
    "politics", "economics", "mathematics", "grammar", "the invoice", "the contract", "insurance", "taxes", "music",
    "philosophy", "the weekend", "homework", "the appointment", "statistics", "the budget", "health", "history",
    "justice", "logic", "the schedule", "software", "the internet", "a password", "traffic", "the news", "marriage",
    "education", "the law", "sleep", "patience", "memory", "the price", "quality", "the answer", "my opinion",
    "your idea", "the problem", "the solution", "time", "truth", "work",
)  # fmt: skip
_SUBJECTS = (
    "my uncle", "my aunt", "my brother", "my little sister", "our neighbour", "a man", "a woman", "two people",
    "the children", "a baby", "a teacher", "a nurse", "my colleague", "my boss", "some friends", "a group of students",
    "a young couple", "an old lady", "my cousin", "the whole family", "a person", "a boy", "a girl", "my parents",
)  # fmt: skip
_DOINGS = (
    "at work", "at home", "in the kitchen", "at the office", "sitting on a chair", "reading a book",
    "talking on the phone", "waiting", "looking at the viewer", "smiling", "standing in a room", "having lunch",
    "at school", "on holiday", "at a meeting", "walking down the street", "on a sofa", "at the table", "near the door",
    "in the shop", "taking a nap", "at the party",
)  # fmt: skip


def nonsense(count: int, seed: int = 0) -> list[str]:
    """Texts that ask for nothing: made-up words, numbers, talk, names, captions; the editor leaves the image alone."""
    rng = random.Random(seed)

    def syllable() -> str:
        return (
            rng.choice("bdfghjklmnpqrstvwxz") + rng.choice("aeiou") + rng.choice(["", "b", "ck", "l", "m", "rp", "zz"])
        )

    def word() -> str:
        kind = rng.random()
        if kind < 0.45:
            return "".join(syllable() for _ in range(rng.randint(2, 3)))
        if kind < 0.6:
            return "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 6)))
        return str(rng.randrange(1000)) if kind < 0.7 else rng.choice(_TALK)

    def text() -> str:
        if rng.random() < 0.5:
            return " ".join(word() for _ in range(rng.randint(1, 5)))
        lists = (_PERSONS, _PERSONS, _CITIES, _TOPICS, _TOPICS, _SUBJECTS, _DOINGS)
        return rng.choice(_CHAT).format(*map(rng.choice, lists))

    return [text() for _ in range(count)]
