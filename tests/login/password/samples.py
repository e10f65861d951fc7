"""One password, hashed by the software whose hashes can be imported, with the least cost that it allows."""

from typing import Final

from handstamp.core.policy import HashingPolicy

PASSWORD: Final = "Grüße, Rosamunde 7"

CHEAP: Final = HashingPolicy(memory=1, passes=1, lanes=1)
"""For tests that are not about the cost. The settings allow nothing of the kind."""

IMPORTED: Final = {
    "Django 5.2 PBKDF2": "pbkdf2_sha256$1000$saltsaltsalt$b/YtU+2yNDnOvfKsToRaKlBYDdmNuUIQpEulxz+tBIE=",
    "Django 5.2 PBKDF2 SHA-1": "pbkdf2_sha1$1000$saltsaltsalt$xVGDg5TUlFO2yyXh90Nna2PWL6I=",
    "Django 5.2 bcrypt_sha256": "bcrypt_sha256$$2b$04$bHdMM9Q.j2u5mim024JlKuseZJ.a0hVHJ5oi9tzrO.09fkYQJu0eK",
    "Django 5.2 bcrypt": "bcrypt$$2b$04$Z/WZ3m/N4vSbDOFltR4U9.3S0J1UpMySdDT/nUYc4R0EnLQXCLDp2",
    "Django 5.2 scrypt": "scrypt$1024$saltsaltsalt$8$5$"
    "3G8RQocMV8xQR2o90N2shWB43OpbUSAzUNP8xql1Hkwqb9ZdqY9STD+J41sQ+5r8VP631ljCYW+3Aop7sTwC7A==",
    "Django 5.2 Argon2": "argon2$argon2id$v=19$m=1024,t=2,p=8$c2FsdHNhbHRzYWx0c2FsdA$"
    "OUmI0nDP2iZJi1iQXQzmPHafMQMguVJgg3rJUEKo/V4",
    "argon2-cffi 25.1": "$argon2id$v=19$m=1024,t=2,p=8$ObJj77GGmgB8j9jqLuKn0Q$2tLrDlYeLjOCSIIUgq2ZmA",
    "Werkzeug 3.1 scrypt": "scrypt:1024:8:1$CzjeEwsLBXQTzGzE$"
    "562d7b7880095502fd1d8b59a7444f9ed0824892c559193060f281761f660d1f"
    "8461ed78533792099fdb147583ebd53a66c839b02e29c6a2557444d6832457c2",
    "Werkzeug 3.1 PBKDF2 SHA-256": "pbkdf2:sha256:1000$zOw22sIRzsusaDDX$"
    "9198be5ef41cf5a296d2f8e59329fa7754d7292cf39c6ac87626dbbbe98f8789",
    "Werkzeug 3.1 PBKDF2 SHA-512": "pbkdf2:sha512:1000$wpUb4gt34KF9klJT$"
    "4afc0cb2ce70792e0665c464a10796663f6146b822dd056b0745336c322924a0"
    "b265f83db34de2e7aaff924bd55691f5956a0c86390e9011c8c7098e1c16608e",
    "Werkzeug 3.1 PBKDF2 SHA-1": "pbkdf2:sha1:1000$vSwStE64JpvKnvLv$be8f1d4cba407acf2baff2b582ff3063724d430a",
    "libpass 1.9 PBKDF2 SHA-256": "$pbkdf2-sha256$1000$.d87hzAG4DxHqHWO8d57zw$"
    "BuTRwC5EaVVD3pVKqsjT7b3Ut5mBh3GXAQj9S.6UOgo",
    "libpass 1.9 PBKDF2 SHA-512": "$pbkdf2-sha512$1000$kfK.t7ZWSgmBMObc./.fkw$"
    ".ovnLvm8YzoxFjvgYq.Ygz8yqtSk.gazKpQoX0uiH1Zb/dy0aRlQ8FLuBsddzU.G/F2Jfvo9j3XjOQvrLMWIHg",
    "libpass 1.9 PBKDF2 SHA-1": "$pbkdf2$1000$6H3v/f//P2cs5bw3JoQwZg$EG7Zb6TWdjNLVJgS8/CW3JPMIoY",
    "libpass 1.9 scrypt": "$scrypt$ln=10,r=8,p=1$lpJy7n0vZUwp5ZzTGgPAWA$aJns6z3bVwcjbAZma9NQfTSLWLtk/Z78dGkVvAkWK9I",
    "libxcrypt 4.4 $2y": "$2y$04$abcdefghijklmnopqrstuukCsGfBatVQ/D2B/2fOzNM.W4ES4Iau.",
    "libxcrypt 4.4 $2a": "$2a$04$abcdefghijklmnopqrstuukCsGfBatVQ/D2B/2fOzNM.W4ES4Iau.",
}
"""By what made it."""

BCRYPT_OF_80_X: Final = "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i"
"""libxcrypt's, of 80 times the letter x: it saw 72 of them."""
BCRYPT_OF_A: Final = "$2b$04$abcdefghijklmnopqrstuuMFdJu9yVgmagVAIC24fOZkaFqd3s9JC"
"""libxcrypt's, of the letter a."""
