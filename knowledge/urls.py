from django.urls import path

from knowledge import views

urlpatterns = [
    path("knowledge/", views.articles, name="articles"),
    path("knowledge/articles/new/", views.new_article, name="new-article"),
    path("knowledge/articles/<int:pk>/", views.article, name="article"),
    path("knowledge/articles/<int:pk>/change/", views.article_change, name="article-change"),
    path("knowledge/articles/<int:pk>/approval/", views.approval, name="article-approval"),
    path("knowledge/articles/<int:pk>/retirement/", views.retirement, name="article-retirement"),
    path("knowledge/articles/<int:pk>/review/", views.review, name="article-review"),
    path("knowledge/templates/", views.templates, name="templates"),
    path("knowledge/templates/new/", views.new_template, name="new-template"),
    path("knowledge/templates/<int:pk>/", views.template, name="template"),
    path("knowledge/macros/", views.macros, name="macros"),
    path("knowledge/macros/new/", views.new_macro, name="new-macro"),
    path("knowledge/macros/<int:pk>/", views.macro, name="macro"),
    path("knowledge/glossary/", views.glossary, name="glossary"),
    path("knowledge/glossary/new/", views.new_term, name="new-glossary-term"),
    path("knowledge/glossary/<int:pk>/", views.term, name="glossary-term"),
    path("knowledge/glossary/<int:pk>/removal/", views.term_removal, name="glossary-term-removal"),
    path("knowledge/check/", views.reply_check, name="reply-check"),
]
