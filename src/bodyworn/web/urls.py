"""Every address of the pages and the API."""

from django.urls import URLPattern, URLResolver, path

from bodyworn.web.api import v1
from bodyworn.web.pages import account, describe, erased, errors, home, marks, recording, recordings

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("api/v1/", v1.api.urls),
    path("sign-in", account.sign_in, name="sign-in"),
    path("sign-out", account.sign_out, name="sign-out"),
    path("recordings", recordings.recordings, name="recordings"),
    path("recordings/<str:reference>", recording.review, name="review"),
    path("recordings/<str:reference>/certificate", erased.certificate, name="certificate"),
    path("recordings/<str:reference>/purpose", recording.purpose, name="purpose"),
    path("recordings/<str:reference>/check", recording.check, name="check"),
    path("recordings/<str:reference>/describe", describe.describe, name="describe"),
    path("recordings/<str:reference>/still", recording.still, name="still"),
    path("recordings/<str:reference>/markers", marks.add, name="add-marker"),
    path("recordings/<str:reference>/markers/<int:marker>", marks.remove, name="remove-marker"),
]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.unexpected
