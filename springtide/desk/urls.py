"""Every address of the console."""

from __future__ import annotations

from django.urls import include, path

from springtide.desk.views import account, dashboards, data, explore, imports, overview, tokens, user, users

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("overview/<str:name>/", overview.tile, name="tile"),
    path("explore/", explore.page, name="explore"),
    path("explore/answer/", explore.answer, name="explore_answer"),
    path("explore/save/", explore.save, name="save_question"),
    path("explore/forget/<str:key>/", explore.forget, name="forget_question"),
    path("explore/pin/", dashboards.pin, name="pin"),
    path("dashboards/", dashboards.listed, name="dashboards"),
    path("dashboards/<str:key>/", dashboards.page, name="dashboard"),
    path("dashboards/<str:key>/change/", dashboards.change, name="change_dashboard"),
    path("users/", users.strata, name="users"),
    path("users/find/", users.find, name="find"),
    path("users/one/", user.page, name="user"),
    path("users/one/<str:what>/", user.write, name="write_on_user"),
    path("users/list/", users.user_list, name="user_list"),
    path("users/list/export/<str:form>/", users.export, name="export"),
    path("users/list/address/", tokens.make_list, name="make_list"),
    path("lists/<str:secret>/users.<str:form>", tokens.list_file, name="list_file"),
    path("data/", data.freshness, name="data"),
    path("data/quarantine/", data.quarantine, name="quarantine"),
    path("data/restatements/", data.restatements, name="restatements"),
    path("data/definitions/", data.definitions, name="definitions"),
    path("data/close/", data.close, name="close"),
    path("data/import/", imports.start, name="import"),
    path("data/import/<str:upload>/", imports.upload, name="upload"),
    path("data/import/<str:upload>/preview/", imports.preview, name="preview"),
    path("data/import/<str:upload>/run/", imports.run, name="run_import"),
    path("data/jobs/<int:number>/", imports.job, name="job"),
    path("account/", account.account, name="account"),
    path("account/language/", account.language, name="language"),
    path("account/elsewhere/", account.elsewhere, name="elsewhere"),
    path("account/tokens/", tokens.make, name="make_token"),
    path("account/tokens/<int:number>/revoke/", tokens.revoke, name="revoke_token"),
    path("api/v1/", include("springtide.api.urls")),  # by its name: the desk and the API do not know each other
    path("sign-in/", account.sign_in, name="sign_in"),
    path("sign-out/", account.sign_out, name="sign_out"),
]

handler400 = "springtide.desk.views.account.bad_request"
handler404 = "springtide.desk.views.account.not_found"
handler500 = "springtide.desk.views.account.our_fault"
